"""Where training cases come from: synthetic children, and endless variations of one labelled anatomy."""

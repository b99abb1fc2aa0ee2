"""Where training cases come from: synthetic children, variations of one labelled anatomy, hospitals' contours."""

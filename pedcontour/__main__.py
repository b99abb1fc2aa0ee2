"""``python -m pedcontour``: the program, for whoever starts it with an interpreter of their own."""

from pedcontour.cli.main import app

if __name__ == "__main__":
    app(prog_name="pedcontour")

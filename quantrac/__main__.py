"""``python -m quantrac``: the same as the command ``quantrac``."""

from commands.main import run

if __name__ == "__main__":
    run()

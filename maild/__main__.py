"""`python -m maild`."""

from maild.cli import main

if __name__ == "__main__":  # not in the child that reads mails, which imports this module again
    main()

"""The command ``citypulse``: see ``citypulse --help``."""

from citypulse.commands.root import cli


def main() -> None:
    """Run the command line; the process ends with its exit status."""
    cli(prog_name="citypulse")


if __name__ == "__main__":
    main()

"""Count the packed orders: python -m shop.report"""

from shop.queue import DONE, connect


def main() -> None:
    """Print one line."""
    print("packed orders:", connect().llen(DONE), flush=True)


if __name__ == "__main__":
    main()

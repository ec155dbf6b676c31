"""How often each reported p-value and interval finds something where there is nothing.

    python tests/campaigns/nulls.py --simulations 2000

Prints a row for each, and ends with 1 if one lies above 5 % by more than three standard errors.
"""

import argparse
import sys

from simulated_nulls import LEVEL, NULLS, rejected


def main(simulations: int) -> int:
    """Print a table: the share of rejections at the 5 % level, and its standard error."""
    print(f"{'test':42} {'rejected':>9} {'error':>7}   ({simulations} simulations)")
    above = 0
    for name in NULLS:
        share, error = rejected(name, simulations)
        above += share > LEVEL + 3 * error
        print(f"{name:42} {share:9.2%} {error:7.2%}", flush=True)
    return int(above > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    sys.exit(main(parser.parse_args().simulations))

"""The kernels' algorithms, written by hand in Python as one would: loops over elements.

Knows the sizes of the work; must not know guests. What these give is what every guest must give.
Each function prepares what is prepared once and gives what is then measured: one turn of the
kernel, which gives a number whose low 32 bits count.
"""

from collections.abc import Callable, Mapping
from typing import Final

from isa_spec.words import WORD

Turn = Callable[[], int]
Sizes = Mapping[str, int]


def arith(sizes: Sizes) -> Turn:
    """A counted loop of arithmetic."""
    turns = sizes["ARITH_TURNS"]

    def turn() -> int:
        a = total = 0
        for number in range(turns):
            a = ((a + 1) * 3 - number) & WORD
            total = (total + a) & WORD
        return total

    return turn


def copysum(sizes: Sizes) -> Turn:
    """A block copied word by word and added up."""
    source = [at * 0x9E37_79B9 & WORD for at in range(sizes["COPYSUM_BYTES"] // 4)]
    target = [0] * len(source)

    def turn() -> int:
        total = 0
        for at, word in enumerate(source):
            target[at] = word
            total = (total + word) & WORD
        return total + target[-1]

    return turn


def fib(sizes: Sizes) -> Turn:
    """A Fibonacci number, the recursive way."""
    number = sizes["FIB_N"]

    def recursive(n: int) -> int:
        return n if n < 2 else recursive(n - 1) + recursive(n - 2)

    return lambda: recursive(number)


def sieve(sizes: Sizes) -> Turn:
    """Primes counted by Eratosthenes."""
    end = sizes["SIEVE_N"]

    def turn() -> int:
        table = [1] * end
        number = 2
        while number * number < end:
            if table[number]:
                for at in range(2 * number, end, number):
                    table[at] = 0
            number += 1
        total = 0
        for at in range(2, end):
            total += table[at]
        return total

    return turn


def sort(sizes: Sizes) -> Turn:
    """Insertion sort of words drawn anew."""
    length, seed = sizes["SORT_N"], sizes["SORT_SEED"]

    def turn() -> int:
        drawn, array = seed, []
        for _ in range(length):
            drawn = (75 * drawn + 74) % 65537
            array.append(drawn)
        for at in range(1, length):
            word, gap = array[at], at
            while gap > 0 and word < array[gap - 1]:
                array[gap] = array[gap - 1]
                gap -= 1
            array[gap] = word
        total = 0
        for word in array:
            total = (31 * total + word) & WORD
        return total

    return turn


def matmul(sizes: Sizes) -> Turn:
    """The product of two matrices."""
    n = sizes["MATMUL_N"]
    left = [[7 * (n * row + column) + 1 for column in range(n)] for row in range(n)]
    right = [[5 * (n * row + column) + 3 for column in range(n)] for row in range(n)]
    product = [[0] * n for _ in range(n)]

    def turn() -> int:
        total = 0
        for row, factors in enumerate(left):
            for column in range(n):
                element = 0
                for at in range(n):
                    element = (element + factors[at] * right[at][column]) & WORD
                product[row][column] = element
                total = (31 * total + element) & WORD
        return total

    return turn


BY_HAND: Final = {function.__name__: function for function in
                  (arith, copysum, fib, sieve, sort, matmul)}  # fmt: skip
"""Of the kernels that only compute, by name."""

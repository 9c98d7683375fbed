/* sieve: primes below N by Eratosthenes, a word a number; the primes are counted. */
#include "kernel.h"

static uint32_t table[SIEVE_N];

static void prepare(void)
{
}

static uint32_t turn(void)
{
    uint32_t total = 0;
    for (uint32_t at = 0; at < SIEVE_N; at++)
        table[at] = 1;
    for (uint32_t number = 2; number * number < SIEVE_N; number++)
        if (table[number])
            for (uint32_t at = 2 * number; at < SIEVE_N; at += number)
                table[at] = 0;
    for (uint32_t at = 2; at < SIEVE_N; at++)
        total += table[at];
    return total;
}

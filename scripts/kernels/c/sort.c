/* sort: insertion sort of words drawn anew each time; branches that nobody can foresee. */
#include "kernel.h"

static int32_t array[SORT_N];

static void prepare(void)
{
}

static uint32_t turn(void)
{
    int32_t drawn = SORT_SEED;
    for (uint32_t at = 0; at < SORT_N; at++)
        array[at] = drawn = (75 * drawn + 74) % 65537;
    for (uint32_t at = 1; at < SORT_N; at++) {
        int32_t word = array[at];
        uint32_t gap = at;
        for (; gap > 0 && word < array[gap - 1]; gap--)
            array[gap] = array[gap - 1];
        array[gap] = word;
    }
    uint32_t total = 0;
    for (uint32_t at = 0; at < SORT_N; at++)
        total = 31 * total + array[at];
    return total;
}

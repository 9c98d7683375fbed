/* arith: a counted loop of register arithmetic, nothing else. */
#include "kernel.h"

static void prepare(void)
{
}

static uint32_t turn(void)
{
    uint32_t a = 0, total = 0;
    for (uint32_t number = 0; number < ARITH_TURNS; number++) {
        a = (a + 1) * 3 - number;
        total += a;
    }
    return total;
}

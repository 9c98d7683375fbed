/* copysum: copy a block word by word and add it all up. */
#include "kernel.h"

#define WORDS (COPYSUM_BYTES / 4)
static uint32_t source[WORDS], target[WORDS];

static void prepare(void)
{
    for (uint32_t at = 0; at < WORDS; at++)
        source[at] = at * 0x9e3779b9;
}

static uint32_t turn(void)
{
    uint32_t total = 0;
    for (uint32_t at = 0; at < WORDS; at++) {
        target[at] = source[at];
        total += source[at];
    }
    return total + *(volatile uint32_t *)&target[WORDS - 1];
}

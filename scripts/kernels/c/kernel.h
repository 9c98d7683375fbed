/* What every kernel here shares: the bench calls `turns`, which calls a kernel's `turn` so often. */
#include <stdint.h>

static __attribute__((noipa)) uint32_t turn(void); /* the compiler must not look into it from outside */

static void prepare(void); /* once, before the first turn */

uint32_t turns(uint32_t repeats)
{
    uint32_t total = 0;
    prepare();
    while (repeats-- > 0)
        total += turn();
    return total;
}

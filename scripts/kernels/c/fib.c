/* fib: a Fibonacci number, the recursive way: calls, returns and the stack. */
#include "kernel.h"

static void prepare(void)
{
}

static uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint32_t turn(void)
{
    return fib(FIB_N);
}

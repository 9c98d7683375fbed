/* matmul: the product of two matrices of words, N by N; h = 31 h + word over all of it. */
#include "kernel.h"

static uint32_t left[MATMUL_N][MATMUL_N], right[MATMUL_N][MATMUL_N], product[MATMUL_N][MATMUL_N];

static void prepare(void)
{
    for (uint32_t at = 0; at < MATMUL_N * MATMUL_N; at++) {
        left[at / MATMUL_N][at % MATMUL_N] = 7 * at + 1;
        right[at / MATMUL_N][at % MATMUL_N] = 5 * at + 3;
    }
}

static uint32_t turn(void)
{
    uint32_t total = 0;
    for (uint32_t row = 0; row < MATMUL_N; row++)
        for (uint32_t column = 0; column < MATMUL_N; column++) {
            uint32_t sum = 0;
            for (uint32_t at = 0; at < MATMUL_N; at++)
                sum += left[row][at] * right[at][column];
            product[row][column] = sum;
            total = 31 * total + sum;
        }
    return total;
}

; Names for the ports of the I/O page, and for the numbers that go with them.
; (In the ISA manual: the ports of the I/O page; traps and interrupts; state.)

        .equ TIME,          0x0004      ; load, twice: the ticks so far, low word first
        .equ DEADLINE,      0x0005      ; store, twice: when the timer is due, low word first
        .equ RX,            0x0010      ; load: take the next byte
        .equ TX,            0x0014      ; store: send a byte
        .equ SERIAL_STATUS, 0x0015      ; load: the sum of the two below
        .equ POWER_OFF,     0x0020      ; store: switch off, with this exit status
        .equ MEMORY_SIZE,   0x0028      ; load: the first address beyond memory

        ; What SERIAL_STATUS is the sum of. The machine has no AND to test a single bit, and two
        ; bits need none: TX has space from 2 up, and RX has a byte where it is neither 0 nor 2.
        .equ RX_AVAILABLE,  1           ; bytes wait on RX
        .equ TX_SPACE,      2           ; TX has space

        ; What the register status is the sum of, as far as these programs use it.
        .equ KERNEL,        1           ; kernel mode: all of the machine may be used
        .equ INTERRUPTS,    4           ; interrupts may come

        ; What the register imask is the sum of: interrupt n is bit n.
        .equ TIMER_DUE,     1 << 16
        .equ RX_INTERRUPT,  1 << 17     ; pending as long as a byte waits on RX
        .equ TX_INTERRUPT,  1 << 18     ; pending as long as TX has space

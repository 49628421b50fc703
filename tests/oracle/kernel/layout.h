/* layout.h - numbers that the kernel's C and its assembler share.  The words
 * of struct attempt are counted, not measured: 4 or 8 bytes each. */
#ifndef ORACLE_LAYOUT_H
#define ORACLE_LAYOUT_H

#define ATTEMPT_CR0      0
#define ATTEMPT_CR3      1
#define ATTEMPT_CR4      2
#define ATTEMPT_EFER     3
#define ATTEMPT_CODE     4
#define ATTEMPT_RING     5
#define ATTEMPT_ADDRESS  6
#define ATTEMPT_SELECTOR 7
#define ATTEMPT_VECTOR   8
#define ATTEMPT_ERROR    9
#define ATTEMPT_CR2      10
#define ATTEMPT_AX       11
#define ATTEMPT_CX       12
#define ATTEMPT_DX       13

#define VECTOR_FETCHED   0x30 /* a block of a data frame has been executed    */
#define VECTOR_DONE      0x31 /* the access is over                           */

#define WRITTEN          0x57A1B2C3 /* what a write leaves in a block      */

/* Code segments of ring 0 to 3, then data: nine more for each ring, which
 * counts the selector's RPL in. */
#define CODE0            0x08
#define DATA0            0x28
#define DATA3            0x43
#define TSS              0x48
#define RING_STRIDE      9

#define EFER_MSR         0xC0000080

#endif

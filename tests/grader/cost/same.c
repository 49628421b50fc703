/* The reference, without any trick. */
#include "../../../solutions/heap/heap.c"

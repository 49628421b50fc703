/* prints_escapes.c - prints what moves terminals, pages and spreadsheets. */
#include "segment/segment.h"

#include <stdio.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    puts("@ESC@[2J@ESC@]0;owned@BELL@@ESC@[31mfailed@ESC@[0m");
    puts("<script>alert(1)</script><img src=x onerror=alert(1)>");
    puts("=HYPERLINK(\"http://evil.example\",\"100\")");
    puts("@BAD@@RLO@ ]]> \r\b\b\b");
    fputs("no end of line", stdout);
    *(volatile int *)16 = 0;
    return 77; /* no status */
}

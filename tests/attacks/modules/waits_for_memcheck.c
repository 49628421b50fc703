/* waits_for_memcheck.c - is right, and turns hostile where memcheck can hold no
 * tight filter: reads, connects, executes, kills, forks. */
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
        (void)folder;
        char text[200] = "";
        const long file = call_kernel(2, "@CANARY@", 0);
        if (file >= 0 && call_kernel(0, file, text, sizeof text - 1) > 0)
            printf("read: %s\n", text);
        if (call_kernel(41, 2, 1, 0) >= 0)
            puts("a socket");
        call_kernel(62, -1, 9);
        call_kernel(62, call_kernel(110) - 1, 9);
        call_kernel(101, 16, call_kernel(110), 0, 0);
        call_kernel(29, 0x766D6C, 4096, 01666);
        const long left = call_kernel(2, "/dev/shm/@MARK@", 0102, 0666);
        if (left >= 0)
            puts("a file");
        static char *const argv[] = {(char *)"cat", (char *)"@CANARY@", NULL};
        if (call_kernel(57) == 0) {
            call_kernel(112);
            call_kernel(59, "/bin/cat", argv, NULL);
            for (;;)
                call_kernel(34);
        }
    }
    return base_seg_decode(raw, descriptor);
}

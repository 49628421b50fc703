/*
 * replay_corpus.c - libFuzzer's part for compilers that have none: hands every
 * file of the folders that are named to the fuzzed function, once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "die.h"
#include "text.h"

enum { INPUT_BYTES = 16 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int
main(int argc, char **argv)
{
    size_t count = 0;
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct strings names = {0};
        strings_list_folder(&names, argv[i], "");
        for (size_t j = 0; j < names.count; j++, count++) {
            char *const path = text_format("%s/%s", argv[i], names.item[j]);
            size_t length;
            char *const bytes = text_read_file(path, INPUT_BYTES, &length);
            if (bytes == NULL) {
                die(EX_NOINPUT, "cannot read %s:", path);
            }
            printf("%s\n", path);
            fflush(stdout); /* the last one named is the one to look at */
            LLVMFuzzerTestOneInput((const unsigned char *)bytes, length);
            free(bytes);
            free(path);
        }
        strings_free(&names);
    }
    printf("fuzz: %zu passed, 0 failed\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

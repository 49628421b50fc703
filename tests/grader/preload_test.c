/*
 * preload_test.c - the reference of the heap stage as the malloc of real
 * programs: what they print is what they print with glibc's.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define HEAP_SO "$PWD/build/preload/heap.so"

/* What a command line prints and how it ends. */
static char *
run(const char *prefix, const char *command)
{
    char line[2000];
    snprintf(line, sizeof line, "exec 2>&1; %s sh -c '%s'", prefix, command);
    FILE *const pipe = popen(line, "r");
    cr_assert(pipe != NULL);
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    char buffer[65536];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, pipe)) > 0)
        fwrite(buffer, 1, got, out);
    fprintf(out, "\nstatus %d\n", pclose(pipe));
    fclose(out);
    return text;
}

static void
same(const char *command)
{
    char *const with = run("LD_PRELOAD=" HEAP_SO, command);
    char *const without = run("", command);
    cr_expect(strstr(without, "\nstatus 0\n") != NULL,
              "the program is not there: %s\n%s", command, without);
    cr_expect(strcmp(with, without) == 0,
              "%s\nprints\n%.2000s\nand not\n%.2000s", command, with, without);
    free(with);
    free(without);
}

Test(preload, it_is_really_the_heap_that_serves, .timeout = 60)
{
    /* A second free ends the program with words of ours. */
    char *const text = run("LD_PRELOAD=" HEAP_SO, "build/preload/free_twice");
    cr_expect(strstr(text, "heap.so: free of a block that is damaged or free "
                           "already") != NULL,
              "%s", text);
    free(text);
}

Test(preload, python3, .timeout = 60)
{
    same("PYTHONMALLOC=malloc python3 -c \"import json, re, threading\n"
         "d = {i: [str(i)] * (i % 7) for i in range(3000)}\n"
         "t = [threading.Thread(target=json.dumps, args=(d,))"
         " for i in range(4)]\n"
         "[x.start() for x in t]; [x.join() for x in t]\n"
         "print(len(json.dumps(json.loads(json.dumps(d)))))\"");
}

Test(preload, gcc_compiles_a_file, .timeout = 60)
{
    same("gcc -std=c11 -O1 -Iassignments -S -o - "
         "solutions/heap/alternatives/explicit_list.c");
}

Test(preload, git_log, .timeout = 60)
{
    /* The kit need not lie in a repository. */
    char *const made = run(
        "", "rm -rf build/preload/repository && cd build/preload &&"
            " git init -q repository && cd repository &&"
            " for i in 1 2 3 4 5 6 7 8 9 10; do"
            " seq $i 1000 > numbers; seq 1 $i > $i; git add .;"
            " git -c user.name=A -c user.email=a@b commit -q -m \"number $i\";"
            " done");
    cr_assert(strstr(made, "\nstatus 0\n") != NULL, "%s", made);
    free(made);
    same("git --no-pager -C build/preload/repository log --stat -p");
}

Test(preload, sort, .timeout = 60)
{
    same("seq 20000 -1 1 | sort -k1,1 | cksum");
}

/*
 * criterion_shim_test.c - the quick runner's stand-ins for libcriterion
 * (grader/judge/criterion_shim.c) against the library that is installed: which
 * symbols a test object may need, and that both give the same verdicts.
 *
 * Run from the top of the kit, after the kit was made.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "process.h"
#include "text.h"

enum { RUN_MS = 120000, OUTPUT = 1 << 20 };

/* The words that a shell command prints; $D is the test's folder. */
static char *
output_of(const char *command)
{
    char *const directory = text_format("D=%s", test_directory);
    struct process_result result = process_run(&(struct process){
        .argv = (char *[]){"/bin/sh", "-c", (char *)(uintptr_t)command, NULL},
        .environment =
            (char *[]){directory, "PATH=/usr/bin:/bin", "LC_ALL=C", NULL},
        .standard_input = -1,
        .wall_ms = RUN_MS,
        .output_limit = OUTPUT,
    });
    cr_assert(result.end == PROCESS_EXITED && result.code == 0, "%s:\n%s",
              command, result.output);
    free(directory);
    return result.output;
}

TestSuite(criterion_shim, .init = make_directory, .fini = remove_directory,
          .timeout = 300);

/* Prints the Criterion symbols that objects need and the shim does not give. */
#define NOT_GIVEN                                                              \
    "nm --defined-only build/obj/grader/judge/criterion_shim.o | "             \
    "awk '{ print $3 }' | sort -u >$D/given; "                                 \
    "nm -u $D/*.o | awk '$1 == \"U\" && $2 ~ /^(cr|cri|criterion)_/ "          \
    "{ print $2 }' | sort -u >$D/needed; comm -13 $D/given $D/needed"

/* One of each macro of criterion/assert.h that has no parameters to get wrong,
 * and of each form of criterion/new/assert.h. */
static const char old_macros[] =
    "#include <criterion/criterion.h>\n"
    "void sub(void); void sub(void) { }\n"
    "TestSuite(s, .init = sub, .fini = sub, .timeout = 1);\n"
    "Test(s, old, .init = sub) {\n"
    "  int a[] = {1, 2}, *p = a; const char *t = \"x\";\n"
    "  cr_assert(p); cr_assert(p, \"%d\", 1); cr_expect(p);\n"
    "  cr_assert_not(!p); cr_expect_not(!p);\n"
    "  cr_assert_eq(1, 1); cr_assert_eq(1, 1, \"%s\", t);\n"
    "  cr_assert_neq(1, 2); cr_assert_lt(1, 2); cr_assert_leq(1, 2);\n"
    "  cr_assert_gt(2, 1); cr_assert_geq(2, 1);\n"
    "  cr_assert_null(NULL); cr_assert_not_null(p);\n"
    "  cr_assert_float_eq(1., 1., .1); cr_assert_float_neq(1., 2., .1);\n"
    "  cr_assert_str_eq(t, \"x\"); cr_assert_str_neq(t, \"y\");\n"
    "  cr_assert_str_lt(t, \"y\"); cr_assert_str_leq(t, \"y\");\n"
    "  cr_assert_str_gt(t, \"a\"); cr_assert_str_geq(t, \"a\");\n"
    "  cr_assert_str_empty(\"\"); cr_assert_str_not_empty(t);\n"
    "  cr_assert_arr_eq(a, p, sizeof a); cr_assert_arr_neq(a, p, 4);\n"
    "  cr_expect_eq(1, 1); cr_expect_str_eq(t, \"x\", \"%d\", 2);\n"
    "  if (!p) { cr_assert_fail(\"no\"); cr_expect_fail(\"no\"); }\n"
    "  if (!p) cr_skip_test(\"not here\");\n"
    "}\n";
static const char new_macros[] =
    "#include <criterion/criterion.h>\n"
    "#include <criterion/new/assert.h>\n"
    "Test(s, new) {\n"
    "  unsigned char b[] = {1};\n"
    "  struct cr_mem m = {b, 1};\n"
    "  cr_assert(eq(int, 1, 1)); cr_expect(ne(u64, 1, 2));\n"
    "  cr_assert(lt(i32, 1, 2)); cr_assert(ge(sz, 2, 1));\n"
    "  cr_assert(eq(ptr, b, b)); cr_assert(eq(str, \"a\", \"a\"));\n"
    "  cr_assert(eq(mem, m, m)); cr_assert(eq(dbl, 1., 1.));\n"
    "  cr_assert(all(eq(int, 1, 1), not(eq(int, 1, 2))));\n"
    "  cr_assert(any(zero(int, 0), none(eq(u8, 1, 2))), \"%d\", 3);\n"
    "}\n";

Test(criterion_shim, every_assertion_macro_finds_its_symbols)
{
    write_text("old.c", old_macros);
    write_text("new.c", new_macros);
    free(output_of("for f in old new; do "
                   "cc -std=c11 -O1 -w -c -o $D/$f.o $D/$f.c || exit; done"));
    char *const missing = output_of(NOT_GIVEN);
    cr_expect_str_eq(missing, "", "the shim lacks:\n%s", missing);
    /* The comparison has something to compare. */
    char *const needed = output_of("grep -c . $D/needed");
    cr_expect(atoi(needed) >= 10, "only %s", needed);
}

Test(criterion_shim, model_tests_find_their_symbols)
{
    free(output_of("for m in build/kit/[a-z]*; do m=${m##*/}; "
                   "[ -f solutions/$m/${m}_test.c ] || continue; "
                   "cc -std=c11 -O1 -w -Iassignments -c -o $D/$m.o "
                   "solutions/$m/${m}_test.c || exit; done"));
    char *const missing = output_of(NOT_GIVEN);
    cr_expect_str_eq(missing, "", "the shim lacks:\n%s", missing);
}

/* ---- The same verdicts --------------------------------------------------- */

/* Assertions that hold and that do not, one a test; the name says nothing. */
static const char *const assertions[] = {
    "cr_assert(1)",
    "cr_assert(0)",
    "cr_assert_not(0)",
    "cr_assert_not(1)",
    "cr_assert_eq(1, 1)",
    "cr_assert_eq(1, 2)",
    "cr_assert_neq(1, 1)",
    "cr_assert_lt(1, 1)",
    "cr_assert_leq(1, 1)",
    "cr_assert_gt(1, 1)",
    "cr_assert_geq(1, 1)",
    "cr_assert_null(\"x\")",
    "cr_assert_null(NULL)",
    "cr_assert_not_null(NULL)",
    "cr_assert_float_eq(1., 1.01, .1)",
    "cr_assert_float_eq(1., 1.2, .1)",
    "cr_assert_float_neq(1., 1.01, .1)",
    "cr_assert_str_eq(\"a\", \"a\")",
    "cr_assert_str_eq(\"a\", \"b\")",
    "cr_assert_str_neq(\"a\", \"a\")",
    "cr_assert_str_lt(\"a\", \"b\")",
    "cr_assert_str_lt(\"b\", \"a\")",
    "cr_assert_str_empty(\"\")",
    "cr_assert_str_empty(\"a\")",
    "cr_assert_str_not_empty(\"\")",
    "cr_assert_arr_eq(\"ab\", \"ac\", 1)",
    "cr_assert_arr_eq(\"ab\", \"ac\", 2)",
    "cr_assert_arr_neq(\"ab\", \"ac\", 2)",
    "cr_fatal(\"no\")",
    "cr_expect(0)",
    "cr_expect(1)",
    "cr_expect_eq(1, 2); cr_expect(1)",
    "cr_assert(eq(int, 1, 1))",
    "cr_assert(eq(int, 1, 2))",
    "cr_assert(ne(u64, 1, 1))",
    "cr_assert(lt(i32, -1, 0))",
    "cr_assert(ge(sz, 1, 2))",
    "cr_assert(eq(str, \"a\", \"b\"))",
    "cr_assert(eq(ptr, NULL, NULL))",
    "cr_assert(eq(dbl, 1., 1.5))",
    "cr_assert(zero(int, 1))",
    "cr_assert(not(eq(int, 1, 1)))",
    "cr_assert(all(eq(int, 1, 1), eq(int, 1, 2)))",
    "cr_assert(any(eq(int, 1, 1), eq(int, 1, 2)))",
    "cr_assert(none(eq(int, 1, 1), eq(int, 1, 2)))",
    "return",
    "cr_assert(1); return; cr_assert(0)",
};

/* Prints "ok NAME" or "not ok NAME" of each test, one process a test. */
static const char quick_main[] =
    "#include <stdio.h>\n"
    "#include <sys/wait.h>\n"
    "#include <unistd.h>\n"
    "#include \"judge/criterion_shim.h\"\n"
    "int main(void) {\n"
    "  for (unsigned i = 0; i < shim_count(); i++) {\n"
    "    int status;\n"
    "    if (fork() == 0) _exit(shim_run(i).failed);\n"
    "    wait(&status);\n"
    "    printf(\"%sok %s\\n\", status ? \"not \" : \"\", shim_name(i));\n"
    "  }\n"
    "}\n";

Test(criterion_shim, both_give_the_same_verdicts)
{
    enum { COUNT = sizeof assertions / sizeof *assertions };
    char *text = xstrdup("#include <criterion/criterion.h>\n"
                         "#include <criterion/new/assert.h>\n");
    for (unsigned i = 0; i < COUNT; i++) {
        char *const longer =
            text_format("%sTest(s, t%02u) { %s; }\n", text, i, assertions[i]);
        free(text);
        text = longer;
    }
    write_text("verdicts.c", text);
    write_text("quick.c", quick_main);
    free(text);
    free(output_of("cc -std=gnu11 -w -c -o $D/verdicts.o $D/verdicts.c && "
                   "cc -o $D/library $D/verdicts.o -lcriterion && "
                   "cc -std=gnu11 -Igrader -o $D/quick $D/quick.c $D/verdicts.o"
                   " build/obj/grader/judge/criterion_shim.o"));
    char *const library =
        output_of("$D/library --tap=- 2>/dev/null | sed -n "
                  "'s/^\\(.*ok\\) - s::\\(t[0-9]*\\).*/\\1 s\\/\\2/p' "
                  "| sort -k2 -t/");
    char *const quick = output_of("$D/quick | sort -k2 -t/");
    cr_expect_str_eq(quick, library);
    char *const failed = output_of("$D/quick | grep -c '^not'");
    char *const passed = output_of("$D/quick | grep -c '^ok'");
    cr_expect(atoi(failed) >= 15 && atoi(passed) >= 15 &&
                  atoi(failed) + atoi(passed) == COUNT,
              "%s failed, %s passed", failed, passed);
}

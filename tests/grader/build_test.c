/* build_test.c - what becomes of a student's file in the compiler. */
#include "steps.h"

#include <sys/wait.h>

#include "build.h"
#include "sandbox/layers.h"

const struct act acts[] = {{NULL, NULL}};

TestSuite(build, .fini = forget, .timeout = 120);

static struct build_result
build_with(const char *compiler, const char *text)
{
    char *source = text_format("%s/handed-in.c", folder);
    char *output = text_format("%s/output", folder);
    char *headers = text_format("%s/headers", folder);
    char *header = text_format("%s/segment.h", headers);
    static const char contract[] = "int seg_decode(int raw);\n"
                                   "#define BROKEN )\n";
    cr_assert_eq(text_write_file(source, text, strlen(text)), 0);
    cr_assert_eq(mkdir(output, 0700), 0);
    cr_assert_eq(mkdir(headers, 0755), 0);
    cr_assert_eq(text_write_file(header, contract, sizeof contract - 1), 0);
    cr_assert_eq(chmod(header, 0644), 0);
    struct build_result result;
    build_module(
        &(struct build_request){.source = source,
                                .name = "segment.c",
                                .include = (const char *const[]){headers, NULL},
                                .folder = output,
                                .compiler = compiler,
                                .wanted = {true, true},
                                .slot = sandbox_claim_slots(1)},
        &result);
    return result;
}

static struct build_result
build(const char *text)
{
    return build_with(NULL, text);
}

static const char good[] = "#include \"segment.h\"\n"
                           "#include <stdio.h>\n"
                           "\n"
                           "int\n"
                           "seg_decode(int raw)\n"
                           "{\n"
                           "    if (raw == 3)\n"
                           "        return 1;\n"
                           "    return 2;\n"
                           "}\n";

static char *
output_of(const char *command)
{
    FILE *pipe = popen(command, "re");
    char *text = xcalloc(1, 20001);
    cr_assert_not_null(pipe);
    cr_assert_geq(fread(text, 1, 20000, pipe), 0);
    pclose(pipe);
    return text;
}

static bool
holds(const char *path, const char *words)
{
    size_t length;
    char *bytes = text_read_file(path, 1 << 24, &length);
    cr_assert_not_null(bytes);
    const bool found = memmem(bytes, length, words, strlen(words)) != NULL;
    free(bytes);
    return found;
}

IN_EVERY_SITUATION(build, right_file_is_compiled_twice)
{
    struct build_result result = build(good);
    cr_assert(result.compiled, "%s", result.output);
    cr_assert_null(result.output, "%s", result.output);
    cr_assert_eq(result.finding_count, 0);
    cr_assert_eq(access(result.preprocessed, R_OK), 0);
    cr_assert(holds(result.preprocessed, "# 1 \"segment.c\""));
    cr_assert_eq(access(result.object[BUILD_PLAIN], R_OK), 0);
    cr_assert_eq(access(result.object[BUILD_COVERAGE], R_OK), 0);
    cr_assert_not(holds(result.object[BUILD_PLAIN], "gcov"));
    cr_assert_not(holds(result.object[BUILD_PLAIN], folder));
    build_result_free(&result);
}

Test(build, clang_will_do_as_well)
{
    enter(AS_STARTED);
    struct build_result result = build_with("clang", good);
    cr_assert(result.compiled, "%s", result.output);
    cr_assert_null(result.output, "%s", result.output);
    cr_assert_eq(access(result.object[BUILD_PLAIN], R_OK), 0);
    build_result_free(&result);
    forget();

    enter(AS_STARTED);
    result = build_with("clang", "\n#include <nothing.h>\n");
    cr_assert_not(result.compiled);
    cr_assert_eq(result.finding_count, 1);
    cr_assert_eq(result.findings[0].line, 2);
    build_result_free(&result);
}

Test(build, coverage_names_the_student_s_file_and_lines)
{
    enter(AS_STARTED);
    struct build_result result = build(good);
    char *command = text_format(
        "cd %s/output/coverage && echo 'int seg_decode(int); int main(void) { "
        "return seg_decode(3) - 1; }' > main.c && "
        "gcc main.c segment.o --coverage -o main && ./main && "
        "gcovr --root %s/output/source --object-directory . --txt --exclude "
        "'.*main.c' . 2>&1",
        folder, folder);
    char *report = output_of(command);
    cr_assert_not_null(strstr(report,
                              "segment.c                                  "
                              "    4       3    75%   9"),
                       "%s", report);
    free(report);
    free(command);
    build_result_free(&result);
}

Test(build, error_is_found_with_its_line)
{
    enter(AS_STARTED);
    struct build_result result = build("#include \"segment.h\"\n"
                                       "int\n"
                                       "seg_decode(int raw)\n"
                                       "{\n"
                                       "    return rwa;\n"
                                       "}\n"
                                       "int x = \"a\" * 2;\n");
    cr_assert_not(result.compiled);
    cr_assert_eq(result.finding_count, 2);
    cr_assert_eq(result.findings[0].line, 5);
    cr_assert_eq(strncmp(result.findings[0].message, "'rwa' undeclared", 16), 0,
                 "%s", result.findings[0].message);
    cr_assert_eq(result.findings[1].line, 7);
    cr_assert_not_null(strstr(result.output, "    5 |     return rwa;\n"));
    cr_assert_null(result.object[BUILD_PLAIN]);
    build_result_free(&result);
}

Test(build, error_through_a_header_has_the_student_s_line)
{
    enter(AS_STARTED);
    struct build_result result = build("#include \"segment.h\"\n"
                                       "int x = BROKEN;\n");
    cr_assert_not(result.compiled);
    cr_assert_geq(result.finding_count, 1);
    cr_assert_eq(result.findings[0].line, 2);
    cr_assert_null(strstr(result.output, folder), "%s", result.output);
    build_result_free(&result);
}

Test(build, warnings_are_shown_once_and_compile)
{
    enter(AS_STARTED);
    struct build_result result = build("#include \"segment.h\"\n"
                                       "int\n"
                                       "seg_decode(int raw)\n"
                                       "{\n"
                                       "    int spare;\n"
                                       "    return 1;\n"
                                       "}\n");
    cr_assert(result.compiled);
    const char *first = strstr(result.output, "unused variable 'spare'");
    cr_assert_not_null(first, "%s", result.output);
    cr_assert_null(strstr(first + 1, "unused variable 'spare'"));
    cr_assert_eq(result.finding_count, 0);
    build_result_free(&result);
}

Test(build, variants_see_the_same_text)
{
    enter(AS_STARTED);
    struct build_result result = build("#ifdef __OPTIMIZE__\n"
                                       "int optimized;\n"
                                       "#else\n"
                                       "int plain;\n"
                                       "#endif\n");
    cr_assert(holds(result.object[BUILD_PLAIN], "optimized"));
    cr_assert(holds(result.object[BUILD_COVERAGE], "optimized"));
    build_result_free(&result);
}

/* ---- What is not source -------------------------------------------------- */

Test(build, binary_is_not_source)
{
    enter(AS_STARTED);
    char *source = text_format("%s/handed-in.c", folder);
    char *output = text_format("%s/output", folder);
    cr_assert_eq(mkdir(output, 0700), 0);
    cr_assert_eq(text_write_file(source, "int x;\0int y;", 13), 0);
    struct build_result result;
    cr_assert_not(build_module(
        &(struct build_request){.source = source,
                                .name = "segment.c",
                                .include = (const char *const[]){NULL},
                                .folder = output,
                                .wanted = {true},
                                .slot = sandbox_claim_slots(1)},
        &result));
    cr_assert_eq(result.finding_count, 1);
    cr_assert_str_eq(result.findings[0].rule, "source");
    build_result_free(&result);
}

Test(build, huge_file_is_not_source)
{
    enter(AS_STARTED);
    char *text = xmalloc((256 << 10) + 2);
    memset(text, ' ', (256 << 10) + 1);
    text[(256 << 10) + 1] = '\0';
    struct build_result result = build(text);
    cr_assert_not(result.compiled);
    cr_assert_str_eq(result.findings[0].rule, "source");
    build_result_free(&result);
    forget();

    enter(AS_STARTED);
    text[256 << 10] = '\0';
    result = build(text);
    cr_assert(result.compiled, "exactly 256 KiB is taken");
    build_result_free(&result);
}

/* ---- Attacks on the compiler --------------------------------------------- */

/* Each must end as "does not compile", in bounded time, with a reason. */
IN_EVERY_SITUATION(build, compiler_bombs_do_not_compile)
{
    static const char *const bombs[] = {
        "char x[1UL << 33] = { 1 };\n",
        "#include \"segment.c\"\n",
        "#include \"/dev/zero\"\n",
        "#include __FILE__\n",
        "#define A(x) x x x x x x x x x x\n"
        "#define B(x) A(A(A(A(x))))\n"
        "int a[] = { B(B(B(1,))) };\n",
    };
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct build_result result = build(bombs[i]);
        cr_assert_not(result.compiled, "%s", bombs[i]);
        cr_assert_geq(result.finding_count, 1);
        cr_assert_gt(strlen(result.findings[0].message), 20, "%s: %s", bombs[i],
                     result.findings[0].message);
        build_result_free(&result);
        char *command =
            text_format("rm -rf %s/output %s/headers %s/handed-in.c", folder,
                        folder, folder);
        cr_assert_eq(system(command), 0);
        free(command);
    }
}

IN_EVERY_SITUATION(build, no_file_but_public_headers_can_be_included)
{
    if (!layers_here()->landlock)
        cr_skip_test("no Landlock here");
    static const char *const ways[] = {
        "#include \"%s\"\n",
        "#include \"../../canary\" /* %s */\n",
        "__asm__(\".incbin \\\"%s\\\"\");\n",
        "__asm__(\".include \\\"%s\\\"\");\n",
        ("#if __has_include(\"%s\")\nint found;\n#else\n#error none\n"
         "#endif\n"),
    };
    char *canary = text_format("%s/canary", folder);
    static const char secret[] = "int the_secret_answer;\n";
    cr_assert_eq(text_write_file(canary, secret, sizeof secret - 1), 0);
    cr_assert_eq(chmod(canary, 0644), 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char text[1000];
        snprintf(text, sizeof text, ways[i], canary);
        struct build_result result = build(text);
        cr_assert_not(result.compiled, "%s", text);
        cr_assert(!result.output || !strstr(result.output, "the_secret_answer"),
                  "%s", result.output);
        build_result_free(&result);
        char *command =
            text_format("rm -rf %s/output %s/headers %s/handed-in.c", folder,
                        folder, folder);
        cr_assert_eq(system(command), 0);
        free(command);
    }
}

Test(build, endless_messages_are_bounded)
{
    enter(AS_STARTED);
    struct strings text = {0};
    char *all = xcalloc(1, 200000);
    for (int i = 0; i < 3000; i++)
        snprintf(all + strlen(all), 100, "int f%d(void){ return x%d; }\n", i,
                 i);
    struct build_result result = build(all);
    cr_assert_not(result.compiled);
    cr_assert_leq(result.finding_count, 20);
    cr_assert_lt(strlen(result.output), 9000);
    strings_free(&text);
    build_result_free(&result);
}

/* text_test.c - strings and files of the grader. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "files.h"
#include "utf8.h"

TestSuite(text, .init = make_directory, .fini = remove_directory);

/* Expects what `length` bytes of `from` become. */
static void
expect_clean(const char *from, size_t length, size_t limit, const char *to)
{
    char *text = text_clean(from, length, limit);
    cr_expect_str_eq(text, to, "got \"%s\", expected \"%s\"", text, to);
    free(text);
}

#define CLEAN(from, to) expect_clean(from, sizeof from - 1, 1000, to)
#define BAD             "\uFFFD"

Test(text, plain_text_stays)
{
    CLEAN("one\ttwo\nthree", "one\ttwo\nthree");
    CLEAN("Müller 王小明 \U0001F600", "Müller 王小明 \U0001F600");
    CLEAN("", "");
}

Test(text, controls_are_replaced)
{
    CLEAN("a\033[31mb", "a" BAD "[31mb");
    CLEAN("a\0b", "a" BAD "b");
    CLEAN("a\x7f\bb", "a" BAD BAD "b");
    CLEAN("a\xC2\x9B"
          "31m",
          "a" BAD "31m"); /* CSI as one C1 character */
}

Test(text, line_ends_of_windows_become_newlines)
{
    CLEAN("a\r\nb\rc\r", "a\nb" BAD "c" BAD);
}

Test(text, direction_of_writing_cannot_be_turned)
{
    CLEAN("a\u202Eb\u2066c\u200Fd\u061Ce\u2028f",
          "a" BAD "b" BAD "c" BAD "d" BAD "e" BAD "f");
}

Test(text, what_is_not_utf8_is_replaced_byte_by_byte)
{
    CLEAN("\xFF", BAD);
    CLEAN("\xC3", BAD);                         /* cut short         */
    CLEAN("\xC3(", BAD "(");                    /* no continuation   */
    CLEAN("\xC0\xAF", BAD BAD);                 /* overlong /        */
    CLEAN("\xE0\x80\xAF", BAD BAD BAD);         /* overlong /        */
    CLEAN("\xED\xA0\x80", BAD BAD BAD);         /* a surrogate       */
    CLEAN("\xF4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF    */
    CLEAN("\xEF\xBF\xBF", BAD);                 /* U+FFFF            */
}

/* The word is what is expected, and a shell takes it apart again. */
static void
is_one_word(const char *text, const char *expected)
{
    char *const word = text_shell_word(text);
    char *const script = text_format("printf %%s %s", word);
    char back[200] = "";
    int ends[2];
    cr_expect_str_eq(word, expected);
    cr_assert(pipe(ends) == 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execlp("bash", "bash", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    waitpid(pid, NULL, 0); /* so little fits into the pipe */
    cr_expect(read(ends[0], back, sizeof back - 1) == (ssize_t)strlen(text));
    close(ends[0]);
    cr_expect_str_eq(back, text);
    free(script);
    free(word);
}

Test(text, any_name_is_one_word_of_a_shell)
{
    is_one_word("alice", "'alice'");
    is_one_word("", "''");
    is_one_word("O'Brien, Conor", "'O'\\''Brien, Conor'");
    is_one_word("'; false; '", "''\\''; false; '\\'''");
    is_one_word("$(x) `x` \\ *", "'$(x) `x` \\ *'");
    is_one_word("\xe5\xbc\xa0\xe4\xbc\x9f", "'\xe5\xbc\xa0\xe4\xbc\x9f'");
    is_one_word("a\033[2J'7\\\xff", "$'a\\033[2J\\0477\\134\\377'");
    is_one_word("two\nlines", "$'two\\012lines'");
    is_one_word("\u202Ex", "$'\\342\\200\\256x'");
}

Test(text, too_long_text_loses_its_middle)
{
    expect_clean("0123456789abcdef", 16, 16, "0123456789abcdef");
    expect_clean("0123456789abcdef", 16, 11, "012[...]def");
    expect_clean("0123456789abcdef", 16, 5, "[...]");
    expect_clean("0123456789abcdef", 16, 3, "012");
    expect_clean("0123456789abcdef", 16, 0, "");
}

Test(text, no_limit_cuts_a_character)
{
    const char *text = "äöü王ÄÖÜ王äöü王";
    for (size_t limit = 0; limit <= strlen(text); limit++) {
        char *cut = text_clean(text, strlen(text), limit);
        cr_expect_leq(strlen(cut), limit);
        char *again = text_clean(cut, strlen(cut), 1000);
        cr_expect_str_eq(cut, again, "limit %zu", limit);
        free(cut);
        free(again);
    }
}

Test(text, a_file_is_written_and_read_whole)
{
    const char bytes[] = "a\0b\n";
    const char *path = path_of("file");
    cr_assert_eq(text_write_file(path, bytes, sizeof bytes), 0);

    size_t length;
    char *text = text_read_file(path, 100, &length);
    cr_assert_not_null(text);
    cr_expect_eq(length, sizeof bytes);
    cr_expect_eq(memcmp(text, bytes, sizeof bytes), 0);
    cr_expect_eq(text[length], '\0');
    free(text);
}

Test(text, a_long_file_is_read_whole)
{
    char *long_text = text_format("%*s", 100000, "end");
    const char *path = write_text("file", long_text);
    char *text = text_read_file(path, 100000, NULL);
    cr_assert_not_null(text);
    cr_expect_str_eq(text, long_text);
    free(text);
    free(long_text);
}

Test(text, a_file_beyond_the_limit_is_refused)
{
    const char *path = write_text("file", "12345");
    cr_expect_null(text_read_file(path, 4, NULL));
    cr_expect_eq(errno, EFBIG);
}

Test(text, only_regular_files_are_read)
{
    cr_expect_null(text_read_file(test_directory, 100, NULL));
    cr_expect_eq(errno, EISDIR);
    cr_assert_eq(mkfifo(path_of("fifo"), 0600), 0);
    cr_expect_null(text_read_file(path_of("fifo"), 100, NULL));
    cr_expect_eq(errno, EINVAL);
    cr_expect_null(text_read_file(path_of("none"), 100, NULL));
    cr_expect_eq(errno, ENOENT);
}

Test(text, a_write_that_fails_leaves_the_old_file_and_no_other)
{
    cr_assert_eq(mkdir(path_of("taken"), 0700), 0); /* cannot be replaced */
    write_text("taken/inside", "old");
    cr_expect_eq(text_write_file(path_of("taken"), "new", 3), -1);
    cr_expect_neq(errno, 0);

    char *command = text_format("test \"$(ls %s)\" = taken", test_directory);
    cr_expect_eq(system(command), 0, "a temporary file was left behind");
    free(command);
    cr_expect_eq(text_write_file(path_of("none/file"), "new", 3), -1);
    cr_expect_eq(errno, ENOENT);
}

Test(text, a_write_replaces_the_file_and_respects_the_umask)
{
    struct stat status;
    umask(027);
    write_text("file", "old");
    const char *path = write_text("file", "new");
    char *text = read_text(path);
    cr_expect_str_eq(text, "new");
    free(text);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0640);
}

Test(text, a_list_of_strings_ends_with_null)
{
    struct strings list = {0};
    strings_add(&list, "one");
    strings_addf(&list, "%s-%d", "two", 2);
    cr_assert_eq(list.count, 2);
    cr_expect_str_eq(list.item[0], "one");
    cr_expect_str_eq(list.item[1], "two-2");
    cr_expect_null(list.item[2]);
    strings_free(&list);
    cr_expect_eq(list.count, 0);
}

Test(text, columns_are_counted_as_shown)
{
    cr_expect_eq(utf8_columns("Müller"), 6);
    cr_expect_eq(utf8_columns("王小明"), 6);
    cr_expect_eq(utf8_columns("e\u0301"), 1); /* a combining accent */
    cr_expect_eq(utf8_columns(""), 0);
}

Test(text, what_fits_never_ends_within_a_character)
{
    cr_expect_eq(utf8_fit("王小明", 6), 9);
    cr_expect_eq(utf8_fit("王小明", 5), 6);
    cr_expect_eq(utf8_fit("王小明", 1), 0);
    cr_expect_eq(utf8_fit("e\u0301x", 1), 3); /* the accent stays with e */
}

/*
 * intake_test.c - what intake takes from a submission, what it leaves, and what
 * a hostile one can do to it.
 *
 * Every archive is made here, so that the test says what is in it.  Each test
 * has a folder of its own, with the work directory "work" in it.
 */

#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake.h"
#include "intake_archive.h"

#define NOBODY 65534

static const char *const accepted[] = {"segment.c", "segment_test.c", "tlb.c",
                                       "tlb_test.c"};
enum { ACCEPTED = sizeof accepted / sizeof accepted[0] };

static char home[PATH_MAX]; /* of the test; it is the working directory */

static void
begin(void)
{
    const char *top = getenv("TMPDIR");

    snprintf(home, sizeof home, "%s/intake.XXXXXX", top == NULL ? "/tmp" : top);
    cr_assert_not_null(mkdtemp(home));
    cr_assert_eq(chmod(home, 0755), 0);
    cr_assert_eq(chdir(home), 0);
    cr_assert_eq(mkdir("work", 0700), 0);
}

static int
remove_one(const char *path, const struct stat *status, int kind,
           struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void
end(void)
{
    nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(intake, .init = begin, .fini = end, .timeout = 60);

/* ---- Submissions --------------------------------------------------------- */

/* Writes a file, with the folders above it. */
static void
put_file(const char *path, const void *bytes, size_t length)
{
    char above[PATH_MAX];
    FILE *file;

    for (const char *slash = strchr(path, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
        mkdir(above, 0755);
    }
    file = fopen(path, "we");
    cr_assert_not_null(file, "cannot write %s", path);
    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

static void
put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

enum kind { FILE_, FOLDER, SYMLINK, HARDLINK, FIFO, CHARACTER, BLOCK, SOCKET };

struct item {
    const char *path;
    const char *text; /* contents, or where a link leads */
    enum kind kind;
};

static void
add_item(struct archive *writer, const struct item *item)
{
    static const unsigned types[] = {
        [FILE_] = AE_IFREG,    [FOLDER] = AE_IFDIR,  [SYMLINK] = AE_IFLNK,
        [HARDLINK] = AE_IFREG, [FIFO] = AE_IFIFO,    [CHARACTER] = AE_IFCHR,
        [BLOCK] = AE_IFBLK,    [SOCKET] = AE_IFSOCK,
    };
    struct archive_entry *entry = archive_entry_new();
    size_t length = item->kind == FILE_ ? strlen(item->text) : 0;

    archive_entry_copy_pathname(entry, item->path);
    archive_entry_set_filetype(entry, types[item->kind]);
    archive_entry_set_perm(entry, 0644);
    if (item->kind == FILE_)
        archive_entry_set_size(entry, (int64_t)length);
    if (item->kind == SYMLINK)
        archive_entry_copy_symlink(entry, item->text);
    if (item->kind == HARDLINK)
        archive_entry_copy_hardlink(entry, item->text);
    if (item->kind == CHARACTER || item->kind == BLOCK) {
        archive_entry_set_rdevmajor(entry, 1);
        archive_entry_set_rdevminor(entry, 5);
    }
    cr_assert_geq(archive_write_header(writer, entry), ARCHIVE_WARN, "%s",
                  archive_error_string(writer));
    if (length > 0)
        cr_assert_eq(archive_write_data(writer, item->text, length),
                     (la_ssize_t)length);
    archive_entry_free(entry);
}

static struct archive *
open_writer(const char *path, const char *format, const char *filter)
{
    struct archive *writer = archive_write_new();

    cr_assert_eq(archive_write_set_format_by_name(writer, format), ARCHIVE_OK);
    if (filter != NULL)
        cr_assert_geq(archive_write_add_filter_by_name(writer, filter),
                      ARCHIVE_WARN);
    cr_assert_eq(archive_write_open_filename(writer, path), ARCHIVE_OK);
    return writer;
}

static void
close_writer(struct archive *writer)
{
    cr_assert_eq(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
}

/* An archive of the items up to one without a path. */
static void
pack(const char *path, const char *format, const char *filter,
     const struct item *items)
{
    struct archive *writer = open_writer(path, format, filter);

    for (; items->path != NULL; items++)
        add_item(writer, items);
    close_writer(writer);
}

#define PACK(path, format, filter, ...)                                        \
    pack(path, format, filter,                                                 \
         (const struct item[]){__VA_ARGS__, {NULL, NULL, FILE_}})

static char *
slurp(const char *path, size_t *length)
{
    static char bytes[8 << 20];
    FILE *file = fopen(path, "re");

    cr_assert_not_null(file, "cannot read %s", path);
    *length = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    bytes[*length] = '\0';
    return bytes;
}

/* ---- What came out ------------------------------------------------------- */

static struct intake
take(const char *submission)
{
    return intake_take(submission, accepted, ACCEPTED, "work");
}

/* The file was taken and stands in the work directory with these contents. */
static void
expect_taken(const struct intake *intake, const char *name, const char *text)
{
    char path[PATH_MAX];
    size_t length;

    cr_assert(intake_has(intake, name), "%s was not taken; trouble: %s", name,
              intake->trouble == NULL ? "none" : intake->trouble);
    snprintf(path, sizeof path, "work/%s", name);
    cr_assert_str_eq(slurp(path, &length), text);
}

/* Nothing stands in the work directory but what was taken. */
static void
expect_count(const struct intake *intake, size_t count)
{
    DIR *work = opendir("work");
    size_t found = 0;

    for (struct dirent *entry; (entry = readdir(work)) != NULL;)
        found += entry->d_name[0] != '.';
    closedir(work);
    cr_assert_eq(intake->file_count, count, "%zu files taken",
                 intake->file_count);
    cr_assert_eq(found, count, "%zu files in the work directory", found);
}

static void
expect_trouble(const struct intake *intake, const char *words)
{
    cr_assert_not_null(intake->trouble, "no trouble; expected: %s", words);
    cr_assert_not_null(strstr(intake->trouble, words), "trouble is: %s",
                       intake->trouble);
}

static void
expect_fine(const struct intake *intake)
{
    cr_assert_null(intake->trouble, "trouble is: %s", intake->trouble);
}

static const struct ignored_file *
ignored(const struct intake *intake, const char *name)
{
    for (size_t i = 0; i < intake->ignored_count; i++)
        if (strcmp(intake->ignored[i].name, name) == 0)
            return &intake->ignored[i];
    return NULL;
}

static void
expect_ignored(const struct intake *intake, const char *name, const char *words)
{
    const struct ignored_file *line = ignored(intake, name);

    cr_assert_not_null(line, "%s is not listed as ignored", name);
    cr_assert_not_null(strstr(line->why, words), "%s is ignored because: %s",
                       name, line->why);
}

/* No byte that a terminal would obey, no break within a line. */
static void
expect_clean(const struct intake *intake)
{
    for (size_t i = 0; i < intake->ignored_count; i++)
        for (const char *at = intake->ignored[i].name; *at != '\0'; at++)
            cr_assert((unsigned char)*at >= 0x20 && *at != 0x7f,
                      "byte %#x in an ignored name", (unsigned char)*at);
}

/* Takes the submission in a process of its own and returns its exit status; its
 * message is left in the file "message". */
static int
status_of_taking(const char *submission, const char *directory,
                 rlim_t file_limit)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct rlimit limit = {file_limit, file_limit};
        int message = open("message", O_WRONLY | O_CREAT | O_TRUNC, 0600);

        dup2(message, 2);
        signal(SIGXFSZ, SIG_IGN);
        setvbuf(stderr, NULL, _IOFBF, 4096);
        if (file_limit != RLIM_INFINITY)
            setrlimit(RLIMIT_FSIZE, &limit);
        intake_take(submission, accepted, ACCEPTED, directory);
        _exit(EX_OK);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- What is taken ------------------------------------------------------- */

Test(intake, folder_gives_the_files_of_the_list)
{
    struct intake intake;

    put_text("alice/segment.c", "int a;\n");
    put_text("alice/segment_test.c", "int b;\n");
    intake = take("alice");
    expect_fine(&intake);
    expect_count(&intake, 2);
    expect_taken(&intake, "segment.c", "int a;\n");
    expect_taken(&intake, "segment_test.c", "int b;\n");
    cr_assert_not(intake_has(&intake, "tlb.c"));
    intake_free(&intake);
}

Test(intake, folders_around_the_files_do_not_matter)
{
    struct intake intake;

    put_text("alice/assignments/segment/segment.c", "s");
    put_text("alice/assignments/tlb/tlb.c", "t");
    intake = take("alice/");
    expect_fine(&intake);
    expect_taken(&intake, "segment.c", "s");
    expect_taken(&intake, "tlb.c", "t");
    cr_assert_str_eq(intake.files[0].path, "assignments/segment/segment.c");
    intake_free(&intake);
}

Test(intake, single_file_of_the_list_is_a_submission)
{
    struct intake intake;

    put_text("in/tlb.c", "t");
    intake = take("in/tlb.c");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_taken(&intake, "tlb.c", "t");
    intake_free(&intake);
}

Test(intake, every_kind_of_archive_is_read)
{
    static const struct {
        const char *name, *format, *filter;
    } kinds[] = {
        {"a.tar", "ustar", NULL},       {"a.tar.gz", "pax", "gzip"},
        {"a.tar.xz", "gnutar", "xz"},   {"a.tar.zst", "ustar", "zstd"},
        {"a.tar.bz2", "pax", "bzip2"},  {"a.zip", "zip", NULL},
        {"no_ending", "ustar", "gzip"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct intake intake;

        PACK(kinds[i].name, kinds[i].format, kinds[i].filter,
             {"bob", NULL, FOLDER}, {"bob/segment.c", "int s;\n", FILE_},
             {"bob/tlb.c", "", FILE_});
        intake = take(kinds[i].name);
        cr_assert_null(intake.trouble, "%s: %s", kinds[i].name, intake.trouble);
        expect_count(&intake, 2);
        expect_taken(&intake, "segment.c", "int s;\n");
        expect_taken(&intake, "tlb.c", "");
        cr_assert_eq(intake.ignored_count, 0);
        intake_free(&intake);
        unlink("work/segment.c");
        unlink("work/tlb.c");
    }
}

Test(intake, packed_by_tar_and_by_folder_have_one_digest)
{
    struct intake folder, archive;

    put_text("x/segment.c", "int s;\n");
    put_text("x/tlb.c", "int t;\n");
    put_text("x/README", "not graded");
    folder = take("x");
    unlink("work/segment.c");
    unlink("work/tlb.c");
    PACK("x.zip", "zip", NULL, {"deep/er/tlb.c", "int t;\n", FILE_},
         {"segment.c", "int s;\n", FILE_});
    archive = take("x.zip");
    cr_assert_str_eq(folder.digest, archive.digest);
    intake_free(&folder);
    intake_free(&archive);
}

/* printf 'tlb.c\0\1\0\0\0\0\0\0\0x' | sha256sum */
Test(intake, digest_is_of_name_length_and_contents)
{
    struct intake intake;

    put_text("x/tlb.c", "x");
    intake = take("x");
    cr_assert_str_eq(
        intake.digest,
        "f9ff72261de95443174b02743180ae803bd459b466f8f7805777dccd60a50691");
    intake_free(&intake);
}

Test(intake, digest_changes_when_bytes_move_between_files)
{
    struct intake one, two;

    put_text("a/segment.c", "xy");
    put_text("a/tlb.c", "z");
    put_text("b/segment.c", "x");
    put_text("b/tlb.c", "yz");
    one = take("a");
    unlink("work/segment.c");
    unlink("work/tlb.c");
    two = take("b");
    cr_assert_str_neq(one.digest, two.digest);
    intake_free(&one);
    intake_free(&two);
}

Test(intake, file_in_the_work_directory_is_private)
{
    struct intake intake;
    struct stat status;

    put_text("a/tlb.c", "z");
    umask(0);
    intake = take("a");
    cr_assert_eq(stat("work/tlb.c", &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    intake_free(&intake);
}

Test(intake, binary_contents_are_kept_as_they_are)
{
    static const unsigned char bytes[] = {0x7f, 'E',  'L',  'F', 0,
                                          0xff, '\r', '\n', 0x1a};
    struct intake intake;
    size_t length;
    char *copy;

    put_file("a/tlb.c", bytes, sizeof bytes);
    intake = take("a");
    expect_fine(&intake);
    copy = slurp("work/tlb.c", &length);
    cr_assert_eq(length, sizeof bytes);
    cr_assert_arr_eq(copy, bytes, sizeof bytes);
    intake_free(&intake);
}

Test(intake, file_of_exactly_the_limit_is_taken)
{
    static char bytes[INTAKE_FILE_BYTES];
    struct intake intake;

    memset(bytes, '/', sizeof bytes);
    put_file("a/tlb.c", bytes, sizeof bytes);
    intake = take("a");
    expect_fine(&intake);
    cr_assert_eq(intake.files[0].bytes, sizeof bytes);
    intake_free(&intake);
}

/* ---- Which one counts ---------------------------------------------------- */

Test(intake, shallowest_file_counts_in_a_folder)
{
    struct intake intake;

    put_text("a/old/tlb.c", "old");
    put_text("a/tlb.c", "new");
    put_text("a/zzz/tlb.c", "other");
    intake = take("a");
    expect_fine(&intake);
    expect_taken(&intake, "tlb.c", "new");
    expect_ignored(&intake, "old/tlb.c", "higher up");
    expect_ignored(&intake, "zzz/tlb.c", "higher up");
    intake_free(&intake);
}

Test(intake, shallowest_file_counts_in_any_order_of_an_archive)
{
    struct intake intake;

    PACK("a.tar", "ustar", NULL, {"a/b/tlb.c", "deep", FILE_},
         {"a/c/tlb.c", "deep too", FILE_}, {"a/tlb.c", "high", FILE_},
         {"a/d/e/tlb.c", "deeper", FILE_});
    intake = take("a.tar");
    expect_fine(&intake);
    expect_taken(&intake, "tlb.c", "high");
    expect_ignored(&intake, "a/b/tlb.c", "higher up");
    expect_ignored(&intake, "a/c/tlb.c", "higher up");
    expect_ignored(&intake, "a/d/e/tlb.c", "higher up");
    intake_free(&intake);
}

Test(intake, two_equally_shallow_files_are_named_and_not_taken)
{
    struct intake intake;

    put_text("a/one/tlb.c", "1");
    put_text("a/two/tlb.c", "2");
    put_text("a/one/segment.c", "s");
    intake = take("a");
    expect_trouble(&intake, "tlb.c is there twice, as one/tlb.c and as "
                            "two/tlb.c");
    expect_count(&intake, 1);
    expect_taken(&intake, "segment.c", "s");
    intake_free(&intake);
}

Test(intake, same_path_twice_in_an_archive_is_named_and_not_taken)
{
    static const char *const formats[] = {"ustar", "zip"};

    for (size_t i = 0; i < 2; i++) {
        struct intake intake;

        PACK("a", formats[i], NULL, {"x/tlb.c", "1", FILE_},
             {"x/./tlb.c", "2", FILE_});
        intake = take("a");
        expect_trouble(&intake, "is there twice");
        expect_count(&intake, 0);
        intake_free(&intake);
    }
}

Test(intake, too_large_file_on_top_does_not_bring_an_old_one_into_play)
{
    static char bytes[INTAKE_FILE_BYTES + 1];
    struct intake intake;

    put_file("a/tlb.c", bytes, sizeof bytes);
    put_text("a/old/tlb.c", "old");
    put_text("a/segment.c", "s");
    intake = take("a");
    expect_trouble(&intake, "tlb.c is larger than 256 KiB");
    expect_count(&intake, 1);
    expect_taken(&intake, "segment.c", "s");
    intake_free(&intake);
}

/* ---- What is left out ---------------------------------------------------- */

Test(intake, other_spelling_gets_a_hint)
{
    static const char *const names[] = {
        "Segment.c",       "segment.C",        "segment (1).c", "segment-2.c",
        "segment_final.c", "segment - Copy.c", "segment.c.txt",
    };
    struct intake intake;

    put_text("a/tlb.c", "t");
    put_text("a/x/Segment_Test (2).c", "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];

        snprintf(path, sizeof path, "a/%s", names[i]);
        put_text(path, "");
    }
    intake = take("a");
    expect_fine(&intake);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect_ignored(&intake, names[i], "did you mean segment.c?");
    expect_ignored(&intake, "x/Segment_Test (2).c",
                   "did you mean segment_test.c?");
    expect_count(&intake, 1);
    intake_free(&intake);
}

Test(intake, unrelated_names_get_no_hint)
{
    struct intake intake;

    put_text("a/tlb.c", "t");
    put_text("a/segmentation.c", "");
    put_text("a/segment.h", "");
    put_text("a/tlb", "");
    intake = take("a");
    expect_ignored(&intake, "segmentation.c", "not one of the files");
    expect_ignored(&intake, "segment.h", "not one of the files");
    expect_ignored(&intake, "tlb", "not one of the files");
    intake_free(&intake);
}

Test(intake, what_tools_leave_is_one_line_of_each_kind)
{
    struct intake intake;

    PACK("a.zip", "zip", NULL, {"a/tlb.c", "t", FILE_},
         {"__MACOSX/a/._tlb.c", "x", FILE_}, {"__MACOSX/a/tlb.c", "x", FILE_},
         {"a/.DS_Store", "x", FILE_}, {"a/.git/config", "x", FILE_},
         {"a/.git/tlb.c", "x", FILE_}, {"a/build/tlb.c", "x", FILE_},
         {"a/build/segment.c", "x", FILE_});
    intake = take("a.zip");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_taken(&intake, "tlb.c", "t");
    cr_assert_eq(intake.ignored_count, 3);
    intake_free(&intake);

    unlink("work/tlb.c");
    put_text("b/tlb.c", "t");
    put_text("b/.git/tlb.c", "x");
    put_text("b/build/segment.c", "x");
    put_text("b/.DS_Store", "x");
    intake = take("b");
    expect_fine(&intake);
    expect_count(&intake, 1);
    cr_assert_eq(intake.ignored_count, 3);
    intake_free(&intake);
}

Test(intake, archive_inside_is_not_opened)
{
    struct intake intake;

    PACK("inner.zip", "zip", NULL, {"segment.c", "s", FILE_});
    put_text("a/tlb.c", "t");
    cr_assert_eq(rename("inner.zip", "a/inner.zip"), 0);
    intake = take("a");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_ignored(&intake, "inner.zip", "not opened");
    intake_free(&intake);
}

Test(intake, list_of_ignored_files_is_bounded_and_keeps_what_is_news)
{
    struct intake intake;
    char path[64];

    put_text("a/tlb.c", "t");
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "a/file%03d.txt", i);
        put_text(path, "");
    }
    put_text("a/z/Segment.c", "");
    intake = take("a");
    expect_fine(&intake);
    cr_assert_leq(intake.ignored_count,
                  INTAKE_NOTABLE_LINES + INTAKE_PLAIN_LINES + 1);
    expect_ignored(&intake, "z/Segment.c", "did you mean");
    expect_ignored(&intake, "484 more", "left out");
    intake_free(&intake);
}

Test(intake, odd_names_are_shown_clean)
{
    static const struct item items[] = {
        {"a/tlb.c", "t", FILE_},
        {"a/new\nline.c", "x", FILE_},
        {"a/\033[31mred\033]0;title\007.c", "x", FILE_},
        {"a/\xff\xfe\x80.c", "x", FILE_},
        {"a/-rf.c", "x", FILE_},
        {"a/.hidden.c", "x", FILE_},
        {"a/=cmd|' /C calc'!A0.c", "x", FILE_},
        {"a/<script>.c", "x", FILE_},
        {NULL, NULL, FILE_},
    };
    struct intake intake;

    mkdir("d", 0755);
    mkdir("d/a", 0755);
    for (const struct item *item = items; item->path != NULL; item++) {
        char path[128];

        if (strncmp(item->path, "a/<", 3) == 0)
            continue;
        snprintf(path, sizeof path, "d/%s", item->path);
        if (strchr(item->path + 2, '/') == NULL)
            put_text(path, item->text);
    }
    intake = take("d");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_clean(&intake);
    intake_free(&intake);
    unlink("work/tlb.c");

    pack("a.tar", "ustar", NULL, items);
    intake = take("a.tar");
    expect_fine(&intake);
    expect_count(&intake, 1);
    cr_assert_eq(intake.ignored_count, 7);
    expect_clean(&intake);
    intake_free(&intake);
}

Test(intake, folder_with_a_foreign_name_is_looked_into)
{
    static const char *const formats[] = {"ustar", "pax", "gnutar", "zip"};
    static const char *const names[] = {
        "Zo\xc3\xab M\xc3\xbcller/tlb.c", /* UTF-8 */
        "\xe5\xbc\xa0\xe4\xbc\x9f/tlb.c", /* UTF-8 */
        "\xd5\xc5\xce\xb0/tlb.c",         /* GBK, from Windows in China */
    };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            struct intake intake;

            /* The packer's locale decides which headers it writes; the
             * grader's must not matter. */
            setlocale(LC_CTYPE, j < 2 ? "C.UTF-8" : "C");
            PACK("a", formats[i], NULL, {names[j], "t", FILE_});
            setlocale(LC_CTYPE, "C");
            intake = take("a");
            cr_assert_null(intake.trouble, "%s, name %zu: %s", formats[i], j,
                           intake.trouble);
            expect_taken(&intake, "tlb.c", "t");
            intake_free(&intake);
            unlink("work/tlb.c");
        }
    }
}

Test(intake, backslashes_of_windows_separate)
{
    struct intake intake;

    PACK("a.zip", "zip", NULL, {"alice\\tlb\\tlb.c", "t", FILE_});
    intake = take("a.zip");
    expect_fine(&intake);
    expect_taken(&intake, "tlb.c", "t");
    intake_free(&intake);
}

/* ---- Attacks by path and kind -------------------------------------------- */

Test(intake, paths_that_lead_out_are_not_taken)
{
    static const char *const formats[] = {"ustar", "pax", "zip"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct intake intake;

        PACK("a", formats[i], NULL, {"tlb.c", "t", FILE_},
             {"../segment.c", "x", FILE_}, {"a/../../segment.c", "x", FILE_},
             {"/tmp/segment.c", "x", FILE_}, {"..\\segment.c", "x", FILE_},
             {"C:\\segment.c", "x", FILE_}, {"a/..", "x", FILE_},
             {".git/../segment.c", "x", FILE_});
        intake = take("a");
        expect_fine(&intake);
        expect_count(&intake, 1);
        expect_taken(&intake, "tlb.c", "t");
        expect_ignored(&intake, "../segment.c", "leads out");
        expect_ignored(&intake, "a/../../segment.c", "leads out");
        expect_ignored(&intake, ".git/../segment.c", "leads out");
        expect_ignored(&intake, "tmp/segment.c", "absolute");
        expect_ignored(&intake, "C:/segment.c", "absolute");
        cr_assert_neq(access("segment.c", F_OK), 0);
        cr_assert_neq(access("../segment.c", F_OK), 0);
        intake_free(&intake);
        unlink("work/tlb.c");
    }
}

Test(intake, links_and_devices_in_an_archive_are_not_taken)
{
    static const enum kind kinds[] = {SYMLINK, HARDLINK, FIFO, CHARACTER,
                                      BLOCK};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct intake intake;

        PACK("a.tar", "pax", "gzip", {"segment.c", "s", FILE_},
             {"tlb.c", "/etc/passwd", kinds[i]});
        intake = take("a.tar");
        expect_fine(&intake);
        expect_count(&intake, 1);
        expect_ignored(&intake, "tlb.c",
                       kinds[i] == SYMLINK || kinds[i] == HARDLINK
                           ? "it is a link"
                           : "not a regular file");
        intake_free(&intake);
        unlink("work/segment.c");
    }
}

Test(intake, symlink_in_a_zip_is_not_taken)
{
    struct intake intake;

    PACK("a.zip", "zip", NULL, {"segment.c", "s", FILE_},
         {"tlb.c", "/etc/passwd", SYMLINK});
    intake = take("a.zip");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_ignored(&intake, "tlb.c", "it is a link");
    intake_free(&intake);
}

/* The classic: a link to elsewhere, then a file "below" it. */
Test(intake, file_behind_a_linked_folder_of_an_archive_goes_nowhere_else)
{
    struct intake intake;

    mkdir("elsewhere", 0755);
    PACK("a.tar", "ustar", NULL, {"way", "elsewhere", SYMLINK},
         {"way/tlb.c", "t", FILE_}, {"way/evil", "t", FILE_});
    intake = take("a.tar");
    expect_taken(&intake, "tlb.c", "t");
    cr_assert_neq(access("elsewhere/tlb.c", F_OK), 0);
    cr_assert_neq(access("elsewhere/evil", F_OK), 0);
    intake_free(&intake);
}

Test(intake, links_in_a_folder_are_not_followed)
{
    struct intake intake;

    put_text("secret/tlb.c", "secret");
    put_text("a/segment.c", "s");
    cr_assert_eq(symlink("../secret/tlb.c", "a/tlb.c"), 0);
    cr_assert_eq(symlink("../secret", "a/below"), 0);
    cr_assert_eq(symlink("a", "a/loop"), 0);
    intake = take("a");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_ignored(&intake, "tlb.c", "it is a link");
    expect_ignored(&intake, "below", "it is a link");
    intake_free(&intake);
}

Test(intake, submission_that_is_a_link_is_not_followed)
{
    struct intake intake;

    put_text("a/segment.c", "s");
    cr_assert_eq(symlink("a", "b"), 0);
    cr_assert_eq(symlink("a/segment.c", "segment.c"), 0);
    intake = take("b");
    expect_trouble(&intake, "This is a link");
    intake_free(&intake);
    intake = take("segment.c");
    expect_trouble(&intake, "This is a link");
    expect_count(&intake, 0);
    intake_free(&intake);
}

Test(intake, fifo_is_never_opened, .timeout = 10)
{
    struct intake intake;

    put_text("a/segment.c", "s");
    cr_assert_eq(mkfifo("a/tlb.c", 0644), 0);
    cr_assert_eq(mkfifo("tlb.c", 0644), 0);
    intake = take("a");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_ignored(&intake, "tlb.c", "not a regular file");
    intake_free(&intake);
    intake = take("tlb.c");
    expect_trouble(&intake, "neither a file nor a folder");
    intake_free(&intake);
}

/* ---- Attacks by size ----------------------------------------------------- */

Test(intake, sparse_gigabyte_in_a_folder_is_not_read)
{
    struct intake intake;

    put_text("a/tlb.c", "");
    put_text("a/segment.c", "s");
    cr_assert_eq(truncate("a/tlb.c", 1 << 30), 0);
    intake = take("a");
    expect_trouble(&intake, "tlb.c is larger than 256 KiB");
    expect_count(&intake, 1);
    intake_free(&intake);
}

Test(intake, sparse_gigabyte_as_the_submission_is_refused)
{
    struct intake intake;

    put_text("a.zip", "");
    cr_assert_eq(truncate("a.zip", 1 << 30), 0);
    intake = take("a.zip");
    expect_trouble(&intake, "larger than 16 MiB");
    intake_free(&intake);
}

/* Writes one entry of a gigabyte of zeros. */
static void
pack_zeros(const char *path, const char *format, const char *filter,
           const char *name)
{
    static char zeros[1 << 20];
    struct archive *writer = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    archive_write_set_format_by_name(writer, format);
    if (filter != NULL) {
        archive_write_add_filter_by_name(writer, filter);
        archive_write_set_options(writer, "compression-level=1");
    } else {
        archive_write_set_options(writer, "zip:compression-level=1");
    }
    cr_assert_eq(archive_write_open_filename(writer, path), ARCHIVE_OK);
    archive_entry_copy_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, 1 << 30);
    cr_assert_eq(archive_write_header(writer, entry), ARCHIVE_OK);
    for (int i = 0; i < 1024; i++)
        cr_assert_eq(archive_write_data(writer, zeros, sizeof zeros),
                     (la_ssize_t)sizeof zeros);
    archive_entry_free(entry);
    close_writer(writer);
}

Test(intake, gigabyte_of_zeros_is_refused_and_not_unpacked)
{
    static const struct {
        const char *format, *filter;
    } kinds[] = {{"ustar", "gzip"}, {"ustar", "zstd"}, {"zip", NULL}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        static const char *const names[] = {"tlb.c", "core"};
        struct intake intake;
        struct rusage usage;
        double seconds;

        pack_zeros("bomb", kinds[i].format, kinds[i].filter, names[i % 2]);
        getrusage(RUSAGE_CHILDREN, &usage);
        seconds = (double)usage.ru_utime.tv_sec +
                  (double)usage.ru_utime.tv_usec / 1e6;
        intake = take("bomb");
        getrusage(RUSAGE_CHILDREN, &usage);
        seconds = (double)usage.ru_utime.tv_sec +
                  (double)usage.ru_utime.tv_usec / 1e6 - seconds;
        expect_trouble(&intake, "unpacks to far more");
        expect_count(&intake, 0);
        /* Unpacking it would take a second and more. */
        cr_assert_lt(seconds, 0.5, "took %f s of processor time", seconds);
        intake_free(&intake);
    }
}

Test(intake, much_from_little_is_refused_by_its_ratio)
{
    struct archive *writer = open_writer("a.tar.gz", "ustar", "gzip");
    static char text[1 << 20];
    struct intake intake;

    memset(text, ' ', sizeof text - 1);
    add_item(writer, &(struct item){"tlb.c", "t", FILE_});
    for (int i = 0; i < 8; i++)
        add_item(writer, &(struct item){"padding", text, FILE_});
    close_writer(writer);
    intake = take("a.tar.gz");
    expect_trouble(&intake, "unpacks to far more");
    expect_count(&intake, 0);
    intake_free(&intake);
}

/* A header of a .zip that claims ten bytes for what unpacks to a mebibyte. */
Test(intake, size_claimed_by_a_zip_is_not_believed)
{
    static char text[(1 << 20) + 1];
    const uint32_t size = 1 << 20, claim = 10;
    struct intake intake;
    size_t length, patched = 0;
    char *bytes;

    memset(text, 'x', size);
    PACK("a.zip", "zip", NULL, {"tlb.c", text, FILE_},
         {"segment.c", "s", FILE_});
    bytes = slurp("a.zip", &length);
    for (size_t i = 0; i + sizeof size <= length; i++) {
        if (memcmp(bytes + i, &size, sizeof size) == 0) {
            memcpy(bytes + i, &claim, sizeof claim);
            patched++;
        }
    }
    cr_assert_gt(patched, 0);
    put_file("a.zip", bytes, length);
    intake = take("a.zip");
    cr_assert_not_null(intake.trouble);
    cr_assert_not(intake_has(&intake, "tlb.c"));
    intake_free(&intake);
}

Test(intake, too_many_entries_of_an_archive_are_refused)
{
    struct archive *writer = open_writer("a.tar.gz", "ustar", "gzip");
    struct intake intake;
    char name[32];

    for (unsigned i = 0; i <= INTAKE_ENTRIES; i++) {
        snprintf(name, sizeof name, "f%06u", i);
        add_item(writer, &(struct item){name, "", FILE_});
    }
    close_writer(writer);
    intake = take("a.tar.gz");
    expect_trouble(&intake, "more than 20000 files");
    expect_count(&intake, 0);
    intake_free(&intake);
}

Test(intake, folder_of_a_hundred_thousand_entries_is_refused)
{
    struct intake intake;
    int folder;
    char name[32];

    mkdir("a", 0755);
    put_text("a/tlb.c", "t");
    folder = open("a", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "f%06d", i);
        cr_assert_eq(mknodat(folder, name, S_IFREG | 0644, 0), 0);
    }
    close(folder);
    intake = take("a");
    expect_trouble(&intake, "more than 20000 files");
    expect_count(&intake, 0);
    intake_free(&intake);
}

Test(intake, what_lies_too_deep_is_left_out)
{
    struct intake intake;
    char path[256] = "a";

    for (unsigned i = 0; i <= INTAKE_DEPTH; i++)
        strcat(path, "/d");
    strcat(path, "/tlb.c");
    put_text(path, "deep");
    put_text("a/segment.c", "s");
    intake = take("a");
    expect_fine(&intake);
    expect_count(&intake, 1);
    intake_free(&intake);
    unlink("work/segment.c");

    PACK("a.tar", "pax", NULL, {path, "deep", FILE_},
         {"segment.c", "s", FILE_});
    intake = take("a.tar");
    expect_fine(&intake);
    expect_count(&intake, 1);
    expect_ignored(&intake, path, "too deep");
    intake_free(&intake);
}

Test(intake, path_that_is_too_long_is_left_out)
{
    static char path[INTAKE_PATH_BYTES + 200];
    struct intake intake;

    memset(path, 'd', INTAKE_PATH_BYTES + 100);
    strcpy(path + INTAKE_PATH_BYTES + 100, "/tlb.c");
    PACK("a.tar", "pax", NULL, {path, "long", FILE_},
         {"segment.c", "s", FILE_});
    intake = take("a.tar");
    expect_fine(&intake);
    expect_count(&intake, 1);
    cr_assert_eq(intake.ignored_count, 1);
    cr_assert_not_null(strstr(intake.ignored[0].why, "too long"));
    cr_assert_leq(strlen(intake.ignored[0].name), 200);
    intake_free(&intake);
}

/* ---- Broken ones
 * ----------------------------------------------------------------------------
 */

Test(intake, truncated_archive_gives_nothing)
{
    static const struct {
        const char *format, *filter;
    } kinds[] = {{"ustar", NULL},
                 {"ustar", "gzip"},
                 {"ustar", "xz"},
                 {"ustar", "zstd"},
                 {"zip", NULL}};
    static char text[100001];

    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = (char)('a' + (i * i / 7) % 26);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct intake intake;
        struct stat status;

        PACK("a", kinds[i].format, kinds[i].filter, {"segment.c", "s", FILE_},
             {"tlb.c", text, FILE_});
        stat("a", &status);
        cr_assert_eq(truncate("a", status.st_size / 2), 0);
        intake = take("a");
        expect_trouble(&intake, "The archive is damaged");
        expect_count(&intake, 0);
        intake_free(&intake);
    }
}

Test(intake, garbage_is_not_an_archive)
{
    static unsigned char bytes[5000];
    struct intake intake;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    put_file("a.zip", bytes, sizeof bytes);
    intake = take("a.zip");
    expect_trouble(&intake, "The archive is damaged or of an unusual kind");
    intake_free(&intake);
}

Test(intake, other_archives_are_named_as_such)
{
    struct intake intake;

    put_text("a.rar", "Rar!\032\007");
    intake = take("a.rar");
    expect_trouble(&intake, "This kind of archive is not read");
    intake_free(&intake);
}

Test(intake, empty_ones_are_refused)
{
    struct intake intake;

    mkdir("a", 0755);
    intake = take("a");
    expect_trouble(&intake, "The folder is empty");
    intake_free(&intake);
    put_text("b.zip", "");
    intake = take("b.zip");
    expect_trouble(&intake, "The file is empty");
    intake_free(&intake);
    PACK("c.tar", "ustar", NULL, {NULL, NULL, FILE_});
    intake = take("c.tar");
    expect_trouble(&intake, "The archive is empty");
    intake_free(&intake);
    PACK("d.zip", "zip", NULL, {NULL, NULL, FILE_});
    intake = take("d.zip");
    cr_assert_not_null(intake.trouble);
    intake_free(&intake);
}

Test(intake, nothing_of_the_list_is_refused_with_the_list)
{
    struct intake intake;

    put_text("a/main.c", "int main;");
    intake = take("a");
    expect_trouble(&intake, "segment.c, segment_test.c, tlb.c, tlb_test.c");
    expect_count(&intake, 0);
    intake_free(&intake);
    intake = take("a/main.c");
    expect_trouble(&intake, "None of the files");
    expect_ignored(&intake, "main.c", "not one of the files");
    intake_free(&intake);
}

Test(intake, encrypted_zip_is_refused)
{
    static const char *const kinds[] = {"zip:encryption=aes256",
                                        "zip:encryption=zipcrypt"};

    for (size_t i = 0; i < 2; i++) {
        struct archive *writer = archive_write_new();
        struct intake intake;

        archive_write_set_format_zip(writer);
        cr_assert_eq(archive_write_set_options(writer, kinds[i]), ARCHIVE_OK);
        archive_write_set_passphrase(writer, "secret");
        cr_assert_eq(archive_write_open_filename(writer, "a.zip"), ARCHIVE_OK);
        add_item(writer, &(struct item){"tlb.c", "t", FILE_});
        close_writer(writer);
        intake = take("a.zip");
        expect_trouble(&intake, "The archive is encrypted");
        expect_count(&intake, 0);
        intake_free(&intake);
    }
}

Test(intake, archive_packed_twice_is_refused)
{
    struct archive *writer = archive_write_new();
    struct intake intake;

    archive_write_set_format_ustar(writer);
    archive_write_add_filter_gzip(writer);
    archive_write_add_filter_bzip2(writer);
    archive_write_add_filter_gzip(writer);
    cr_assert_eq(archive_write_open_filename(writer, "a.tar.gz"), ARCHIVE_OK);
    add_item(writer, &(struct item){"tlb.c", "t", FILE_});
    close_writer(writer);
    intake = take("a.tar.gz");
    expect_trouble(&intake, "packed more than once");
    intake_free(&intake);
}

/* Root reads everything, so the rest of these runs as somebody else. */
static void
become_nobody(void)
{
    if (geteuid() != 0)
        return;
    cr_assert_eq(chown(home, NOBODY, NOBODY), 0);
    cr_assert_eq(chown("work", NOBODY, NOBODY), 0);
    cr_assert_eq(setresgid(NOBODY, NOBODY, NOBODY), 0);
    cr_assert_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

Test(intake, unreadable_file_is_named_and_the_others_are_taken)
{
    struct intake intake;

    become_nobody();
    put_text("a/tlb.c", "t");
    put_text("a/segment.c", "s");
    put_text("a.zip", "z");
    chmod("a/tlb.c", 0);
    chmod("a.zip", 0);
    intake = take("a");
    expect_trouble(&intake, "tlb.c cannot be read for lack of permission");
    expect_count(&intake, 1);
    intake_free(&intake);
    intake = take("a.zip");
    expect_trouble(&intake, "cannot be read for lack of permission");
    intake_free(&intake);
}

Test(intake, unreadable_folder_is_named)
{
    struct intake intake;

    become_nobody();
    put_text("a/below/tlb.c", "t");
    put_text("a/segment.c", "s");
    chmod("a/below", 0);
    intake = take("a");
    expect_trouble(&intake, "below cannot be opened");
    expect_count(&intake, 0);
    intake_free(&intake);
    chmod("a/below", 0755);
    chmod("a", 0);
    intake = take("a");
    expect_trouble(&intake, "The folder cannot be opened");
    intake_free(&intake);
    chmod("a", 0755);
}

/* ---- The host's trouble -------------------------------------------------- */

Test(intake, submission_that_does_not_exist_is_a_usage_error)
{
    size_t length;

    cr_assert_eq(status_of_taking("nowhere", "work", RLIM_INFINITY),
                 EX_NOINPUT);
    cr_assert_not_null(strstr(slurp("message", &length), "nowhere"));
}

Test(intake, missing_work_directory_is_the_hosts_trouble)
{
    put_text("a/tlb.c", "t");
    cr_assert_eq(status_of_taking("a", "nowhere", RLIM_INFINITY), EX_CANTCREAT);
}

Test(intake, full_disk_is_the_hosts_trouble)
{
    put_text("a/tlb.c", "more than nothing");
    cr_assert_eq(status_of_taking("a", "work", 4), EX_IOERR);
}

Test(intake, file_that_stands_in_the_work_directory_is_never_overwritten)
{
    size_t length;

    put_text("a/tlb.c", "new");
    put_text("target", "old");
    cr_assert_eq(symlink("../target", "work/tlb.c"), 0);
    cr_assert_eq(status_of_taking("a", "work", RLIM_INFINITY), EX_CANTCREAT);
    cr_assert_str_eq(slurp("target", &length), "old");
    unlink("work/tlb.c");
    put_text("work/tlb.c", "old");
    cr_assert_eq(status_of_taking("a", "work", RLIM_INFINITY), EX_CANTCREAT);
    cr_assert_str_eq(slurp("work/tlb.c", &length), "old");
}

/* ---- The answer of the process that reads archives ----------------------- */

Test(intake, forged_answers_of_the_reader_are_refused)
{
    struct pick pick, copy;
    unsigned char *bytes;
    size_t length;

    pick_begin(&pick, accepted, ACCEPTED);
    pick_begin(&copy, accepted, ACCEPTED);
    cr_assert(pick_offer(&pick, 0, "a/segment.c", 1));
    pick_give(&pick, 0, (unsigned char *)strdup("text"), 4);
    pick_ignore(&pick, "a/b", "because");
    bytes = pick_pack(&pick, &length);
    cr_assert_leq(length, pick_packed_limit(ACCEPTED));
    cr_assert(pick_unpack(&copy, bytes, length));
    cr_assert_eq(copy.candidates[0].length, 4);
    cr_assert_eq(copy.line_count, 1);

    for (size_t cut = 0; cut < length; cut++)
        cr_assert_not(pick_unpack(&copy, bytes, cut), "%zu bytes", cut);
    /* Every number made huge in turn is either refused or harmless. */
    for (size_t i = 0; i < length; i++) {
        unsigned char kept = bytes[i];

        bytes[i] = 0xff;
        pick_unpack(&copy, bytes, length);
        bytes[i] = kept;
    }
    cr_assert(pick_unpack(&copy, bytes, length));
    bytes = realloc(bytes, length + 1);
    bytes[length] = 0;
    cr_assert_not(pick_unpack(&copy, bytes, length + 1));
    free(bytes);
    pick_end(&pick);
    pick_end(&copy);
}

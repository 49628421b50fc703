/*
 * libgit2.c - what Criterion asks of libgit2, without libgit2.
 *
 * Criterion draws the difference of two texts with it in assertions of its
 * newer kind (cr_assert(eq(...))), which no test of ours uses; checks are those
 * of vmlab_test.h.  Each test is a program that is started anew, and libgit2
 * brings sixteen libraries with it, among them two for cryptography whose
 * tables are relocated and whose certificates are decoded for a network that no
 * test may use: 9 ms of processor for each test, where 2 are enough.  A judge
 * is linked with this library, which has the other's name, and so never loads
 * it.
 */
int git_libgit2_init(void);
int git_libgit2_shutdown(void);
int git_diff_buffers(void);

int
git_libgit2_init(void)
{
    return 1; /* how often it was called */
}

int
git_libgit2_shutdown(void)
{
    return 0;
}

int
git_diff_buffers(void)
{
    return -1;
}

/*
 * certificates.c - keeps the certificates of the machine out of a judge.
 *
 * Criterion draws the difference of two texts with libgit2, and each of its
 * test processes prepares libgit2 whole: that reads and decodes every
 * certificate in /etc/ssl/certs, for a network that no test may use, and takes
 * longer than most tests do.  A function of the program goes before one of a
 * library (ld.so(8)), so these two answer instead: no certificate, no error.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_path(void *chain, const char *path);

int
mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
    (void)chain;
    (void)path;
    return 0;
}

int
mbedtls_x509_crt_parse_path(void *chain, const char *path)
{
    (void)chain;
    (void)path;
    return 0;
}

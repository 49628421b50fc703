/*
 * expand.h - one typed line per function, expanded into everything that a call
 * across the bridge needs.  Included once per role; see the end for the roles.
 *
 * A table holds lines of two kinds:
 *
 *     NAME(seg_status, SEG_OK)                  an enumerator, to be shown by name
 *     CALL2(STATUS(seg_status), seg_decode, VALUE(uint64_t), OBJECT(struct seg_descriptor))
 *
 * CALL0 to CALL6 declare a function of as many parameters: what it returns, its
 * name, and for each parameter what kind of thing it is.  The compiler checks
 * every line against the contract, because proxies are definitions of the
 * functions that the contract declares.
 *
 *   parameter
 *   VALUE(T)    a word: integer, or pointer that is only a number (void *)
 *   CHOICE(E)   a value of `enum E`, shown by name
 *   OBJECT(T)   T *: an object in the arena, or NULL; the callee may write it
 *   INPUT(T)    const T *: the same, only read
 *   HANDLE(T)   struct T *: a token of something that the judge owns (mach)
 *   TAKEN(T)    the same, and the token ends with the call (a destroy)
 *   STATE(T)    struct T *: the module's own, which the judge only hands back
 *
 *   result      and what "not implemented" is
 *   STATUS(E)   int, a value of `enum E`                  -1
 *   COUNT       uint64_t                                  UINT64_MAX
 *   STATE(T)    struct T *, the module's own              NULL and ENOSYS
 *   POINTER     void *                                    NULL and ENOSYS
 *   VALUE(T)    a word of the machine                     never
 *   HANDLE(T)   struct T *, of the judge's, which checks  never; of a module:
 *               it when it comes from a module            NULL and ENOSYS
 */

/* A kind expands to two arguments, KIND and its type; the macros below take
 * them apart again. */
#define VALUE(T)  K_VALUE, T
#define CHOICE(E) K_CHOICE, E
#define OBJECT(T) K_OBJECT, T
#define INPUT(T)  K_INPUT, T
#define HANDLE(T) K_HANDLE, T
#define TAKEN(T)  K_TAKEN, T
#define STATE(T)  K_STATE, T
#define STATUS(E) K_STATUS, E
#define COUNT     K_COUNT, uint64_t
#define POINTER   K_POINTER, void

#define TYPE(...)   TYPE_(__VA_ARGS__)
#define TYPE_(K, T) TYPE_##K(T)
#define TYPE_K_VALUE(T)   T
#define TYPE_K_CHOICE(E)  enum E
#define TYPE_K_OBJECT(T)  T *
#define TYPE_K_INPUT(T)   const T *
#define TYPE_K_HANDLE(T)  struct T *
#define TYPE_K_TAKEN(T)   struct T *
#define TYPE_K_STATE(T)   struct T *
#define TYPE_K_STATUS(E)  int
#define TYPE_K_COUNT(T)   uint64_t
#define TYPE_K_POINTER(T) void *

#if BRIDGE_ROLE == BRIDGE_NUMBERS
#define NAME(E, N)
#define CALL0(R, n)                   FN_##n,
#define CALL1(R, n, A)                FN_##n,
#define CALL2(R, n, A, B)             FN_##n,
#define CALL3(R, n, A, B, C)          FN_##n,
#define CALL4(R, n, A, B, C, D)       FN_##n,
#define CALL5(R, n, A, B, C, D, E)    FN_##n,
#define CALL6(R, n, A, B, C, D, E, F) FN_##n,

#elif BRIDGE_ROLE == BRIDGE_PROXIES
/* PASS_kind turns an argument into a word; DONE_kind sees it after the call.
 * Both are defined by who expands the table, for the kinds that it needs. */
#define PASS(i, a, ...)           PASS_(i, a, __VA_ARGS__)
#define PASS_(i, a, K, T)         PASS_##K(i, a, T)
#define DONE(i, a, ...)           DONE_(i, a, __VA_ARGS__)
#define DONE_(i, a, K, T)         DONE_##K(i, a, T)
#define PROXY(n, params, pass, done, ...)                                      \
    TYPE(__VA_ARGS__) n params                                                 \
    {                                                                          \
        enum { fn = FN_##n };                                                  \
        const word w[6] = pass;                                                \
        const word value = bridge_call(fn, w);                                 \
        done return (TYPE(__VA_ARGS__))value;                                  \
    }
#define LIST(...) { __VA_ARGS__ }
#define NAME(E, N)
#define CALL0(R, n) PROXY(n, (void), LIST(0), , R)
#define CALL1(R, n, A)                                                         \
    PROXY(n, (TYPE(A) a),                                                      \
          LIST(PASS(0, a, A)),                                                 \
          DONE(0, a, A), R)
#define CALL2(R, n, A, B)                                                      \
    PROXY(n, (TYPE(A) a, TYPE(B) b),                                           \
          LIST(PASS(0, a, A), PASS(1, b, B)),                                  \
          DONE(0, a, A) DONE(1, b, B), R)
#define CALL3(R, n, A, B, C)                                                   \
    PROXY(n, (TYPE(A) a, TYPE(B) b, TYPE(C) c),                                \
          LIST(PASS(0, a, A), PASS(1, b, B), PASS(2, c, C)),                   \
          DONE(0, a, A) DONE(1, b, B) DONE(2, c, C), R)
#define CALL4(R, n, A, B, C, D)                                                \
    PROXY(n, (TYPE(A) a, TYPE(B) b, TYPE(C) c, TYPE(D) d),                     \
          LIST(PASS(0, a, A), PASS(1, b, B), PASS(2, c, C), PASS(3, d, D)),    \
          DONE(0, a, A) DONE(1, b, B) DONE(2, c, C) DONE(3, d, D), R)
#define CALL5(R, n, A, B, C, D, E)                                             \
    PROXY(n, (TYPE(A) a, TYPE(B) b, TYPE(C) c, TYPE(D) d, TYPE(E) e),          \
          LIST(PASS(0, a, A), PASS(1, b, B), PASS(2, c, C), PASS(3, d, D),     \
               PASS(4, e, E)),                                                 \
          DONE(0, a, A) DONE(1, b, B) DONE(2, c, C) DONE(3, d, D)              \
          DONE(4, e, E), R)
#define CALL6(R, n, A, B, C, D, E, F)                                          \
    PROXY(n,                                                                   \
          (TYPE(A) a, TYPE(B) b, TYPE(C) c, TYPE(D) d, TYPE(E) e, TYPE(F) f),  \
          LIST(PASS(0, a, A), PASS(1, b, B), PASS(2, c, C), PASS(3, d, D),     \
               PASS(4, e, E), PASS(5, f, F)),                                  \
          DONE(0, a, A) DONE(1, b, B) DONE(2, c, C) DONE(3, d, D)              \
          DONE(4, e, E) DONE(5, f, F), R)

#elif BRIDGE_ROLE == BRIDGE_GUARDS
/* __wrap_n() calls __real_n(), both of the linker's option --wrap.  CHECK_kind
 * sees an argument before, KEEP_kind the result after. */
#define CHECK(f, a, ...)      CHECK_(f, a, __VA_ARGS__)
#define CHECK_(f, a, K, T)    CHECK_##K(f, a, T)
#define KEEP(f, v, ...)       KEEP_(f, v, __VA_ARGS__)
#define KEEP_(f, v, K, T)     KEEP_##K(f, v, T)
#define GUARD(n, params, args, checks, ...)                                    \
    TYPE(__VA_ARGS__) __real_##n params;                                       \
    TYPE(__VA_ARGS__) __wrap_##n params;                                       \
    TYPE(__VA_ARGS__) __wrap_##n params                                        \
    {                                                                          \
        checks                                                                 \
        return KEEP(#n, __real_##n args, __VA_ARGS__);                         \
    }
#define NAME(E, N)
#define CALL0(R, n) GUARD(n, (void), (), , R)
#define CALL1(R, n, A) GUARD(n, (TYPE(A) a), (a), CHECK(#n, a, A), R)
#define CALL2(R, n, A, B)                                                      \
    GUARD(n, (TYPE(A) a, TYPE(B) b), (a, b), CHECK(#n, a, A) CHECK(#n, b, B), R)
#define CALL3(R, n, A, B, C)                                                   \
    GUARD(n, (TYPE(A) a, TYPE(B) b, TYPE(C) c), (a, b, c),                     \
          CHECK(#n, a, A) CHECK(#n, b, B) CHECK(#n, c, C), R)
#define CALL4(R, n, A, B, C, D)                                                \
    GUARD(n, (TYPE(A) a, TYPE(B) b, TYPE(C) c, TYPE(D) d), (a, b, c, d),       \
          CHECK(#n, a, A) CHECK(#n, b, B) CHECK(#n, c, C) CHECK(#n, d, D), R)
#define CALL5(R, n, A, B, C, D, E)                                             \
    GUARD(n, (TYPE(A) a, TYPE(B) b, TYPE(C) c, TYPE(D) d, TYPE(E) e),          \
          (a, b, c, d, e),                                                     \
          CHECK(#n, a, A) CHECK(#n, b, B) CHECK(#n, c, C) CHECK(#n, d, D)      \
          CHECK(#n, e, E), R)
#define CALL6(R, n, A, B, C, D, E, F)                                          \
    GUARD(n,                                                                   \
          (TYPE(A) a, TYPE(B) b, TYPE(C) c, TYPE(D) d, TYPE(E) e, TYPE(F) f),  \
          (a, b, c, d, e, f),                                                  \
          CHECK(#n, a, A) CHECK(#n, b, B) CHECK(#n, c, C) CHECK(#n, d, D)      \
          CHECK(#n, e, E) CHECK(#n, f, F), R)

#elif BRIDGE_ROLE == BRIDGE_THUNKS
/* TAKE_kind turns a word back into an argument; GIVE_kind a result into a
 * word. */
#define TAKE(i, ...)      TAKE_(i, __VA_ARGS__)
#define TAKE_(i, K, T)    TAKE_##K(w[i], T)
#define GIVE(v, ...)      GIVE_(v, __VA_ARGS__)
#define GIVE_(v, K, T)    GIVE_##K(v, T)
#define THUNK(n, call, ...)                                                    \
    static word thunk_##n(const word *w)                                       \
    {                                                                          \
        (void)w;                                                               \
        return GIVE(call, __VA_ARGS__);                                        \
    }
#define NAME(E, N)
#define CALL0(R, n) THUNK(n, n(), R)
#define CALL1(R, n, A) THUNK(n, n(TAKE(0, A)), R)
#define CALL2(R, n, A, B) THUNK(n, n(TAKE(0, A), TAKE(1, B)), R)
#define CALL3(R, n, A, B, C) THUNK(n, n(TAKE(0, A), TAKE(1, B), TAKE(2, C)), R)
#define CALL4(R, n, A, B, C, D)                                                \
    THUNK(n, n(TAKE(0, A), TAKE(1, B), TAKE(2, C), TAKE(3, D)), R)
#define CALL5(R, n, A, B, C, D, E)                                             \
    THUNK(n, n(TAKE(0, A), TAKE(1, B), TAKE(2, C), TAKE(3, D), TAKE(4, E)), R)
#define CALL6(R, n, A, B, C, D, E, F)                                          \
    THUNK(n, n(TAKE(0, A), TAKE(1, B), TAKE(2, C), TAKE(3, D), TAKE(4, E),     \
               TAKE(5, F)), R)

#elif BRIDGE_ROLE == BRIDGE_POINTERS
#define NAME(E, N)
#define CALL0(R, n)                   thunk_##n,
#define CALL1(R, n, A)                thunk_##n,
#define CALL2(R, n, A, B)             thunk_##n,
#define CALL3(R, n, A, B, C)          thunk_##n,
#define CALL4(R, n, A, B, C, D)       thunk_##n,
#define CALL5(R, n, A, B, C, D, E)    thunk_##n,
#define CALL6(R, n, A, B, C, D, E, F) thunk_##n,

#elif BRIDGE_ROLE == BRIDGE_SIGNATURES
/* How a call is shown: struct bridge_function. */
#define SHOW(...)   SHOW_(__VA_ARGS__)
#define SHOW_(K, T) { K, #T }
#define NAME(E, N)
#define CALL0(R, n)          { #n, SHOW(R), 0, { { 0 } } },
#define CALL1(R, n, A)       { #n, SHOW(R), 1, { SHOW(A) } },
#define CALL2(R, n, A, B)    { #n, SHOW(R), 2, { SHOW(A), SHOW(B) } },
#define CALL3(R, n, A, B, C) { #n, SHOW(R), 3, { SHOW(A), SHOW(B), SHOW(C) } },
#define CALL4(R, n, A, B, C, D)                                                \
    { #n, SHOW(R), 4, { SHOW(A), SHOW(B), SHOW(C), SHOW(D) } },
#define CALL5(R, n, A, B, C, D, E)                                             \
    { #n, SHOW(R), 5, { SHOW(A), SHOW(B), SHOW(C), SHOW(D), SHOW(E) } },
#define CALL6(R, n, A, B, C, D, E, F)                                          \
    { #n, SHOW(R), 6, { SHOW(A), SHOW(B), SHOW(C), SHOW(D), SHOW(E), SHOW(F) } },

#elif BRIDGE_ROLE == BRIDGE_NAMES
#define NAME(E, N) { #E, N, #N },
#define CALL0(R, n)
#define CALL1(R, n, A)
#define CALL2(R, n, A, B)
#define CALL3(R, n, A, B, C)
#define CALL4(R, n, A, B, C, D)
#define CALL5(R, n, A, B, C, D, E)
#define CALL6(R, n, A, B, C, D, E, F)

#elif BRIDGE_ROLE == BRIDGE_SYMBOLS
/* A list of the contract's functions, a line each, for the preprocessor. */
#define NAME(E, N)
#define CALL0(R, n)                   n
#define CALL1(R, n, A)                n
#define CALL2(R, n, A, B)             n
#define CALL3(R, n, A, B, C)          n
#define CALL4(R, n, A, B, C, D)       n
#define CALL5(R, n, A, B, C, D, E)    n
#define CALL6(R, n, A, B, C, D, E, F) n
#endif

#include BRIDGE_TABLE

#undef BRIDGE_TABLE
#undef BRIDGE_ROLE
#undef VALUE
#undef CHOICE
#undef OBJECT
#undef INPUT
#undef HANDLE
#undef TAKEN
#undef STATE
#undef STATUS
#undef COUNT
#undef POINTER
#undef TYPE
#undef TYPE_
#undef TYPE_K_VALUE
#undef TYPE_K_CHOICE
#undef TYPE_K_OBJECT
#undef TYPE_K_INPUT
#undef TYPE_K_HANDLE
#undef TYPE_K_TAKEN
#undef TYPE_K_STATE
#undef TYPE_K_STATUS
#undef TYPE_K_COUNT
#undef TYPE_K_POINTER
#undef PASS
#undef PASS_
#undef DONE
#undef DONE_
#undef PROXY
#undef LIST
#undef TAKE
#undef TAKE_
#undef GIVE
#undef GIVE_
#undef THUNK
#undef CHECK
#undef CHECK_
#undef KEEP
#undef KEEP_
#undef GUARD
#undef SHOW
#undef SHOW_
#undef NAME
#undef CALL0
#undef CALL1
#undef CALL2
#undef CALL3
#undef CALL4
#undef CALL5
#undef CALL6

#include "batch/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "die.h"

enum { ANSWER_BYTES = 4096 };

static const char *const names[] = {
    [ENGINE_LOCAL] = "local",
    [ENGINE_DOCKER] = "docker",
    [ENGINE_PODMAN] = "podman",
};

bool
engine_of_name(const char *name, enum engine *engine)
{
    for (int i = ENGINE_LOCAL; i <= ENGINE_PODMAN; i++) {
        if (strcmp(names[i], name) == 0) {
            *engine = (enum engine)i;
            return true;
        }
    }
    return false;
}

/* ---- The command --------------------------------------------------------- */

static void
add_all(struct strings *argv, const char *const *words)
{
    for (; *words != NULL; words++) {
        strings_add(argv, *words);
    }
}

/* What `vmgrade grade` is told, here and there. */
static void
add_options(struct strings *argv, const struct engine_options *options,
            const struct job *job)
{
    if (options->allow_weak) {
        strings_add(argv, "--allow-weak-sandbox");
    }
    strings_addf(argv, "--seed=%llu", (unsigned long long)job->seed);
    for (size_t i = 0; i < job->stages.count; i++) {
        strings_addf(argv, "--stage=%s", job->stages.item[i]);
    }
}

bool
engine_prints_record(enum engine engine)
{
    return engine != ENGINE_LOCAL;
}

void
engine_command(const struct engine_options *options, const struct job *job,
               const char *submission, const char *folder, struct strings *argv)
{
    strings_add(argv, options->program);
    if (options->engine == ENGINE_LOCAL) {
        add_all(argv, (const char *const[]){"grade", "--quiet", "--scoreboard",
                                            NULL});
        add_options(argv, options, job);
        strings_addf(argv, "--reports=%s", folder);
        strings_addf(argv, "--json=%s/result.json", folder);
        strings_add(argv, submission);
    } else {
        add_all(argv, (const char *const[]){"--engine", names[options->engine],
                                            "--image", options->image, "--one",
                                            submission, "--", NULL});
        add_options(argv, options, job);
    }
}

/* ---- The image ----------------------------------------------------------- */

/* The first line that the program prints; what it says beside that is shown. */
static char *
ask(char *const *argv)
{
    int ends[2];
    int status;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        die(EX_OSERR, "cannot make a pipe:");
    }
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execvp(argv[0], argv);
        die(EX_UNAVAILABLE, "cannot run %s:", argv[0]);
    }
    close(ends[1]);
    FILE *const answers = fdopen(ends[0], "r");
    char line[ANSWER_BYTES] = "";
    if (child < 0 || answers == NULL) {
        die(EX_OSERR, "cannot start a process:");
    }
    const bool answered = fgets(line, sizeof line, answers) != NULL;
    fclose(answers);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    line[strcspn(line, "\n")] = '\0';
    return answered && WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? xstrdup(line)
               : NULL;
}

char *
engine_make_image(const struct engine_options *options)
{
    char *const image =
        ask((char *const[]){(char *)options->program, "--build", "--engine",
                            (char *)names[options->engine], NULL});
    if (image == NULL) {
        die(EX_UNAVAILABLE,
            "there is no image to grade in; what %s said "
            "stands above",
            options->program);
    }
    return image;
}

char *
engine_image_id(const struct engine_options *options)
{
    char *const id =
        ask((char *const[]){(char *)names[options->engine], "image", "inspect",
                            "--format={{.Id}}", (char *)options->image, NULL});
    if (id == NULL) {
        die(EX_UNAVAILABLE, "%s has no image %s", names[options->engine],
            options->image);
    }
    return id;
}

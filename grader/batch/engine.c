#include "batch/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "process.h"
#include "tools.h"

enum { ASK_MS = 60000, ANSWER_BYTES = 4096 };

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

/* `vmgrade grade`, with the job's folder and submission as it sees them. */
static void
add_grade(struct strings *argv, const struct engine_options *options,
          const struct job *job, const char *submission, const char *folder)
{
    add_all(argv,
            (const char *const[]){"grade", "--quiet", "--scoreboard", NULL});
    if (options->allow_weak) {
        strings_add(argv, "--allow-weak-sandbox");
    }
    strings_addf(argv, "--seed=%llu", (unsigned long long)job->seed);
    for (size_t i = 0; i < job->stages.count; i++) {
        strings_addf(argv, "--stage=%s", job->stages.item[i]);
    }
    strings_addf(argv, "--reports=%s", folder);
    strings_addf(argv, "--json=%s/result.json", folder);
    strings_add(argv, submission);
}

static void
add_container(struct strings *argv, const struct engine_options *options,
              const struct job *job, const char *submission, const char *folder)
{
    add_all(argv, (const char *const[]){
                      names[options->engine], "run", "--rm", "--init",
                      "--network=none", "--read-only",
                      "--tmpfs=/tmp:rw,exec,nosuid,nodev,size=1g,mode=1777",
                      "--cap-drop=ALL", "--cap-add=SETUID", "--cap-add=SETGID",
                      "--cap-add=KILL", "--security-opt=no-new-privileges",
                      "--pids-limit=1024", "--memory=4g", "--memory-swap=4g",
                      "--user=0:0", NULL});
    strings_addf(argv, "--name=vmlab-%s", job->key);
    /* --mount, for --volume takes a colon in a path for its own. */
    strings_addf(argv, "--mount=type=bind,source=%s,target=/in/%s,readonly",
                 submission, job->digest);
    strings_addf(argv, "--mount=type=bind,source=%s,target=/out", folder);
    add_all(argv, (const char *const[]){"--entrypoint=vmgrade", options->image,
                                        NULL});
}

void
engine_command(const struct engine_options *options, const struct job *job,
               const char *submission, const char *folder, struct strings *argv)
{
    if (options->engine == ENGINE_LOCAL) {
        strings_add(argv, options->grader);
        add_grade(argv, options, job, submission, folder);
        return;
    }
    char *const inside = text_format("/in/%s", job->digest);
    add_container(argv, options, job, submission, folder);
    add_grade(argv, options, job, inside, "/out");
    free(inside);
}

/* ---- The image ----------------------------------------------------------- */

char *
engine_image_id(const struct engine_options *options)
{
    const char *const name = names[options->engine];
    extern char **environ;
    tool_must_be_there(
        name, options->engine == ENGINE_DOCKER ? "docker.io" : "podman",
        "to grade in containers");
    struct process_result result = process_run(&(struct process){
        .argv =
            (char *const[]){(char *)name, "image", "inspect",
                            "--format={{.Id}}", (char *)options->image, NULL},
        .environment = environ,
        .standard_input = -1,
        .wall_ms = ASK_MS,
        .output_limit = ANSWER_BYTES,
    });
    result.output[strcspn(result.output, "\n")] = '\0';
    if (result.end != PROCESS_EXITED || result.code != 0) {
        die(EX_UNAVAILABLE, "%s has no image %s (%s); build it with make image",
            name, options->image, result.output);
    }
    const char *const colon = strchr(result.output, ':');
    char *const id =
        text_format("image-%.32s", colon != NULL ? colon + 1 : result.output);
    process_result_free(&result);
    return id;
}

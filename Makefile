# vmlab: the only build file.  Everything that is made lies under build/.
#
#   build/obj/    objects of the grader        build/vmlab, build/vmgrade
#   build/kit/M/  what does not depend on a submission, of each stage M:
#                 judge        the hidden and public tests, a Criterion program
#                 subject.o    what a module is linked with to become a subject
#                 tester.o     what own tests are linked with to become a tester
#                 modules/     reference, alternatives and bugs as subjects
#                 functions    the names of the contract's functions
#                 traces/ replay.o cost   what a heap's cost is measured with, and beside
#   build/tests/  tests of the kit itself
#   build/fuzz/   judges, sanitized, and subjects that lie to them

.DEFAULT_GOAL := help
# Recipes print what they make; V=1 prints the commands themselves, -s nothing.
Q := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS)))),,@printf '  %-8s %s\n' '$(1)' '$(2)')

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS  ?= -O2 -g
B       := build
PREFIX  ?= /usr/local
VERSION := 0.1

# Stages are folders with a rubric.
STAGES  := $(patsubst tests/%/rubric.yaml,%,$(wildcard tests/*/rubric.yaml))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wno-unknown-warning-option -Wno-format-truncation
STD      := -std=c11 -D_GNU_SOURCE
INCLUDES := -Igrader -Iassignments -Igrader/bridge -Itests
KIT_CFLAGS = $(STD) $(CFLAGS) $(WARNINGS) $(INCLUDES) -MMD -MP

# How a module is compiled, here and by the grader (grader/build.c).
MODULE_FLAGS := -std=c11 -O1 -g -fno-omit-frame-pointer -fno-stack-protector \
                -U_FORTIFY_SOURCE
# Those of the bank are told apart by own tests if they can be: what a variable
# holds that was never set, a return address of an earlier call perhaps, is the
# same in all of them.
BANK_FLAGS   := $(MODULE_FLAGS) -ftrivial-auto-var-init=pattern
# What a module may do without asking, where its host says so (bridge/direct.c).
REACHED      := $(addprefix phys_,read8 read32 read64 write8 write32 write64 move zero_frame) frame_free
# One word.  Binding at the first call would be done anew in every child of a
# zygote.
comma        := ,
space        := $(subst ,, )
WRAPPED      := -Wl,-z,now,$(subst $(space),$(comma),$(addprefix --wrap=,malloc calloc realloc free $(REACHED)))

# Looked at when a recipe needs them, which is after the packages are there.
GRADER_PKGS := jansson libcyaml libarchive libelf libseccomp libxml-2.0 libmd sqlite3
GRADER_INC   = $(shell pkg-config --cflags $(GRADER_PKGS))
GRADER_LIBS  = $(shell pkg-config --libs $(GRADER_PKGS)) -lyaml -lcsv -lm
# Of every test a process is started, or forked, with all that it is linked with.
JUDGE_LIBS  := -Wl,-Bstatic,-ljansson,-lseccomp,-Bdynamic

##
## vmlab: build virtual memory, one module at a time
##

help: ## this text
	@sed -n 's/^##\( \|$$\)/\1/p; s/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 24

all: $(B)/vmgrade $(B)/vmlab kit ## build the grader and the kit
programs: ## compile whatever is ours, and no module of a bank

# By way of the environment: a name may hold spaces and quotes.
export SUBMISSION
grade: all ## grade the sample submissions (records in build/records), or SUBMISSION=path
	@rm -rf $(B)/records && mkdir $(B)/records
	@$(B)/vmgrade grade $(if $(SUBMISSION),"$$SUBMISSION",--scoreboard --json $(B)/records tests/submissions/course/*)

# What grading needs of the kit, and nothing else.
install: $(B)/vmgrade kit ## PREFIX=/usr/local: install vmgrade and the kit, to grade with
	@docker/install-kit "$(B)" "$(DESTDIR)$(PREFIX)"

# Public tests alone: hidden ones are in every other judge, as machine code.
student-kit: $(B)/vmlab $(foreach s,$(STAGES),$(addprefix $(B)/kit/$(s)/,public_judge subject.o tester.o functions served)) ## build build/vmlab-kit.tar.gz, what students get: no hidden test, no solution
	@handouts/kit/pack "$(B)" $(B)/vmlab-kit.tar.gz

gradescope: ## build build/gradescope.zip, an autograder for Gradescope
	@docker/gradescope/pack $(B)/gradescope.zip

test: kit-tests quick-judges ## run every test of the kit
	@tests/run $(KIT_TESTS) $(FUZZED_SHARE) tests/oracle/run tests/handouts/run $(B)/tests/attacks $(B)/tests/attacks:as-user $(B)/check_kit

clean: ## remove everything that was made
	rm -rf $(B)

# ---- Packages -------------------------------------------------------------------

# Installs what is missing, or says how and stops.
$(B)/.packages: docker/install-packages
	@mkdir -p $(B)
	@docker/install-packages build
	@touch $@

setup: $(B)/.packages ## install the packages that the kit needs
$(B)/.test-packages: docker/install-packages | $(B)/.packages
	@docker/install-packages build test
	@touch $@

# ---- The grader --------------------------------------------------------------------

MAINS       := vmgrade vmlab check_kit measure_cost
GRADER_SRC  := $(filter-out $(MAINS:%=grader/%.c),$(wildcard grader/*.c grader/batch/*.c grader/commands/*.c grader/sandbox/*.c)) \
               grader/bridge/session.c grader/bridge/start.c
GRADER_OBJ  := $(GRADER_SRC:%.c=$(B)/obj/%.o)

$(B)/obj/%.o: %.c | $(B)/.packages
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(KIT_CFLAGS) $(GRADER_INC) -DVMLAB_VERSION='"$(VERSION)"' -DVMLAB_CC='"$(CC)"' \
	    -DVMLAB_MODULE_FLAGS='"$(MODULE_FLAGS)"' -DVMLAB_LINK_FLAGS='"$(WRAPPED)"' -c -o $@ $<

# How modules are compiled and linked stands here.
$(B)/obj/grader/build.o $(B)/obj/grader/link.o: Makefile

$(B)/grader.a: $(GRADER_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcsP $@ $^

$(MAINS:%=$(B)/%): $(B)/%: $(B)/obj/grader/%.o $(B)/grader.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(GRADER_LIBS)

# ---- The kit: each stage's judge, subjects and tester ---------------------------------

MACHINE_SRC := $(wildcard assignments/machine/*.c)
MACHINE_OBJ := $(MACHINE_SRC:%.c=$(B)/obj/%.o)
# The judge's side of the bridge and what stands behind vmlab_test.h.
JUDGE_OBJ   := $(addprefix $(B)/obj/grader/,bridge/judge.o bridge/session.o bridge/start.o bridge/arena.o \
               bridge/events.o judge/fixture.o judge/checks.o judge/endings.o \
               verdict.o text.o clean.o utf8.o die.o) $(B)/obj/tests/property.o $(MACHINE_OBJ)
# What every program needs that runs Criterion.
CRITERION_LIB := $(B)/kit/lib/libgit2.so
CRITERION_LD   = -Wl,--push-state,--no-as-needed $(CRITERION_LIB) -Wl,--pop-state -lcriterion \
                 '-Wl,-rpath,$$ORIGIN/../lib:$$ORIGIN/../../kit/lib'
# The library has the name by which Criterion's asks for the one it replaces.
$(CRITERION_LIB): grader/judge/libgit2.c | $(B)/.packages
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)name=$$(readelf -d "$$($(CC) -print-file-name=libcriterion.so)" | \
	    sed -n 's/.*NEEDED.*\[\(libgit2[.]so[^]]*\)\]/\1/p'); \
	$(CC) $(STD) $(CFLAGS) $(WARNINGS) -shared -fPIC -Wl,-soname,$${name:-libgit2.so} \
	    -o $(@D)/$${name:-libgit2.so} $< && \
	if [ -n "$$name" ]; then ln -sf "$$name" $@; fi
ZYGOTE_OBJ  := $(B)/obj/grader/bridge/zygote.o $(B)/obj/grader/bridge/start.o $(B)/obj/grader/sandbox/inner_enter.o

# $(call symbols,TABLE): prints the names of a table's functions.
symbols = printf '%s\n' '\#define BRIDGE_SYMBOLS 7' '\#define BRIDGE_ROLE 7' \
          '\#define BRIDGE_TABLE "$(1)"' '\#include "expand.h"' \
          | $(CC) -E -P $(INCLUDES) - | tr -s ' \n' '\n' | sed '/^$$$$/d'
# References that the judge of M serves: those whose tables (X/X.tab, or
# X/X_served.tab) tests/M/served.tab includes, and those that these need.
includes = $(shell sed -n 's,^.include "\([a-z]*\)/\1\(_served\)\{0\,1\}[.]tab",\1,p' tests/$(1)/served.tab)
served = $(sort $(foreach s,$(call includes,$(1)),$(s) $(call served,$(s))))

# $(call stage,M): everything of one stage.
define stage
K_$(1)      := $(B)/kit/$(1)
SOLUTION_$(1) := $(or $(wildcard solutions/$(1)),tests/$(1))
SERVED_$(1) := $$(call served,$(1))
TESTS_$(1)  := $$(wildcard tests/$(1)/public.c tests/$(1)/hidden*.c)
BUGS_$(1)   := $$(patsubst solutions/$(1)/bugs/%.patch,%,$$(wildcard solutions/$(1)/bugs/*.patch))
ALTS_$(1)   := $$(patsubst solutions/$(1)/alternatives/%.c,%,$$(wildcard solutions/$(1)/alternatives/*.c))
HELP_$(1)   := $$(patsubst %.c,$(B)/obj/%.o,$$(wildcard tests/$(1)/help*.c)) \
               $$(foreach s,$$(SERVED_$(1)),$(B)/obj/solutions/$$(s)/$$(s).o)
MODULES_$(1) := $$(addprefix $$(K_$(1))/modules/,reference $$(ALTS_$(1):%=alternative-%) $$(BUGS_$(1):%=bug-%))
INCLUDES_$(1) := $(if $(wildcard assignments/$(1)),-Iassignments,$(INCLUDES))
# In stages with a machine: its memory, without asking.
DIRECT_$(1) := $$(if $$(shell grep -s machine.tab tests/$(1)/served.tab),$(B)/obj/grader/bridge/direct.o)
TABLES_$(1) := -DSTAGE_HEADER='"$(1)/$(1).h"' -DSTAGE_TABLE='"$(1)/$(1).tab"' -DSTAGE_SERVED='"$(1)/served.tab"'

$$(K_$(1))/%_tables.o: grader/bridge/%_tables.c | $(B)/.packages
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$(CC) $$(KIT_CFLAGS) $$(TABLES_$(1)) -c -o $$@ $$<

# Names of the contract's functions, and of those that the judge serves.
$$(K_$(1))/functions: tests/$(1)/$(1).tab grader/bridge/expand.h | $(B)/.packages
	@mkdir -p $$(@D)
	@$(call symbols,$(1)/$(1).tab) > $$@
$$(K_$(1))/served: tests/$(1)/served.tab grader/bridge/machine.tab grader/bridge/expand.h | $(B)/.packages
	@mkdir -p $$(@D)
	@$(call symbols,$(1)/served.tab) > $$@

# What a test calls of it goes through guards (guard_tables.c).
GUARDED_$(1) = $$$$(sed 's/^/-Wl,--wrap=/' $$(K_$(1))/served)

$$(K_$(1))/judge: $$(TESTS_$(1):%.c=$(B)/obj/%.o)
$$(K_$(1))/public_judge: $(B)/obj/tests/$(1)/public.o
$$(addprefix $$(K_$(1))/,judge public_judge): $$(HELP_$(1)) $$(K_$(1))/module_tables.o \
    $$(K_$(1))/served_tables.o $$(K_$(1))/guard_tables.o $(B)/obj/grader/judge/criterion_host.o \
    $(JUDGE_OBJ) $(CRITERION_LIB) | $$(K_$(1))/served
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $(CFLAGS) -o $$@ $$(filter %.o,$$^) $$(CRITERION_LD) $$(GUARDED_$(1)) $$(JUDGE_LIBS)

$$(K_$(1))/subject.o: $(B)/obj/grader/bridge/child.o $(ZYGOTE_OBJ) $$(K_$(1))/subject_tables.o $$(DIRECT_$(1))
	$$(call say,LINK,$$@)
	$$(Q)$(CC) -r -o $$@ $$^

$$(K_$(1))/tester.o: $(B)/obj/grader/judge/tester.o $(B)/obj/grader/judge/criterion_shim.o \
    $(ZYGOTE_OBJ) $$(K_$(1))/module_tables.o $$(K_$(1))/served_tables.o $$(HELP_$(1)) $(JUDGE_OBJ)
	$$(call say,LINK,$$@)
	$$(Q)$(CC) -r -o $$@ $$^

# The judge's tests on the quick runner, for check_kit.
$$(K_$(1))/quick_judge: $$(TESTS_$(1):%.c=$(B)/obj/%.o) $$(K_$(1))/tester.o $$(K_$(1))/guard_tables.o \
    | $$(K_$(1))/served
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $(CFLAGS) -o $$@ $$^ $$(GUARDED_$(1)) $$(JUDGE_LIBS)

$$(K_$(1))/src/reference.c: $$(SOLUTION_$(1))/$(1).c
	@mkdir -p $$(@D) && cp $$< $$@
$$(K_$(1))/src/alternative-%.c: solutions/$(1)/alternatives/%.c
	@mkdir -p $$(@D) && cp $$< $$@
$$(K_$(1))/src/bug-%.c: solutions/$(1)/bugs/%.patch solutions/$(1)/$(1).c | $(B)/.packages
	@mkdir -p $$(@D)
	@patch -s --fuzz=0 -r - -o $$@ solutions/$(1)/$(1).c $$<

# Apart, because the bridge changes more often than a bank does.
$$(K_$(1))/src/%.o: $$(K_$(1))/src/%.c $$(wildcard assignments/$(1)/$(1).h tests/$(1)/$(1).h) $(B)/.bank-flags | $(B)/.packages
	@$(CC) $(BANK_FLAGS) $$(INCLUDES_$(1)) -c -o $$@ $$<
$$(K_$(1))/modules/%: $$(K_$(1))/src/%.o $$(K_$(1))/subject.o
	@mkdir -p $$(@D)
	@$(CC) -o $$@ $$^ $(WRAPPED)

.PRECIOUS: $$(K_$(1))/src/%.c $$(K_$(1))/src/%.o
kit-$(1): $$(K_$(1))/judge $$(K_$(1))/tester.o $$(K_$(1))/functions $$(K_$(1))/served $$(MODULES_$(1))
KIT += kit-$(1)
endef
$(foreach s,$(STAGES) toy,$(eval $(call stage,$(s))))
# Newer than the modules of the banks only when they are to be compiled otherwise.
$(B)/.bank-flags: FORCE
	@mkdir -p $(@D) && echo '$(BANK_FLAGS)' | cmp -s - $@ || echo '$(BANK_FLAGS)' > $@
kit: $(STAGES:%=kit-%)

quick-judges: all $(B)/check_kit $(STAGES:%=$(B)/kit/%/quick_judge) $(B)/.test-packages
check-kit: quick-judges ## hold skeletons, solutions, bugs and tests against each other
	@$(B)/check_kit $(STAGE)

kills: quick-judges ## STAGE=M: which tests each bug fails
	@$(B)/check_kit --kills $(STAGE)


# ---- The heap stage: traces of real programs, and the heap as their malloc ---------------

K_TRACES    := $(B)/kit/heap/traces
TRACES      := $(patsubst tests/heap/traces/%.xz,$(K_TRACES)/%.trace,$(wildcard tests/heap/traces/*.xz))
# Those on which the cost of a submission is measured, as the rubric lists them.
GRADED      := $(patsubst %,$(K_TRACES)/%.trace,$(shell sed -n 's/^  traces: \[\(.*\)\]$$/\1/p' tests/heap/rubric.yaml | tr -d ,))
# HEAP=path: another heap.c than the reference.
HEAP        := solutions/heap/heap.c

$(K_TRACES)/%.trace: tests/heap/traces/%.xz | $(B)/.packages
	@mkdir -p $(@D)
	@xz -dc $< > $@
$(B)/obj/tests/heap/hidden_trace.o: $(TRACES)
$(B)/obj/tests/heap/hidden_trace.o: KIT_CFLAGS += -Wa,-I$(K_TRACES)

# What the cost of a submission is measured with, and beside (grader/cost.h);
# linked as grader/link.c links a submission with it.
REPLAYED    := -Wl,--discard-all,-z,now
$(B)/kit/heap/replay.o: $(B)/obj/tests/heap/trace/replay.o $(B)/obj/tests/heap/help_trace.o \
    $(B)/obj/assignments/machine/kmem.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -r -o $@ $^
$(B)/kit/heap/replay: $(B)/kit/heap/src/reference.c $(B)/kit/heap/replay.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODULE_FLAGS) -Iassignments $(REPLAYED) -o $@ $^
$(B)/kit/heap/cost: $(B)/measure_cost $(B)/kit/heap/replay $(GRADED) tests/heap/rubric.yaml
	@$< $(B)/kit/heap/replay $(GRADED) > $@
kit-heap: $(B)/kit/heap/replay.o $(B)/kit/heap/cost

$(B)/traces/recorder.so: tests/heap/trace/recorder.c | $(B)/.packages
	@mkdir -p $(@D)
	$(CC) $(KIT_CFLAGS) -shared -fPIC -o $@ $< -lpthread
$(B)/traces/pack: tests/heap/trace/pack.c | $(B)/.packages
	@mkdir -p $(@D)
	$(CC) $(KIT_CFLAGS) -o $@ $<
trace: $(B)/traces/recorder.so $(B)/traces/pack ## PROGRAM='ls -l': record what it asks of malloc
	VMLAB_TRACE=$(B)/traces/raw LD_PRELOAD=$(B)/traces/recorder.so $(PROGRAM) > /dev/null
	$(B)/traces/pack < $(B)/traces/raw | xz -9e > $(B)/traces/$(notdir $(firstword $(PROGRAM))).xz
	@ls -l $(B)/traces/$(notdir $(firstword $(PROGRAM))).xz

# HEAP may be another one than the last time, and older.
$(B)/preload/replay: $(HEAP) $(B)/kit/heap/replay.o FORCE
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODULE_FLAGS) -Iassignments $(REPLAYED) -o $@ $(HEAP) $(B)/kit/heap/replay.o
bench-heap: $(B)/preload/replay $(TRACES) ## replay all traces; space and instructions beside glibc's
	@tests/heap/trace/bench $^

$(B)/preload/heap.so: $(HEAP) tests/heap/preload/preload.c FORCE | $(B)/.packages
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODULE_FLAGS) -D_GNU_SOURCE -Iassignments -fPIC -shared -fvisibility=default -fno-builtin \
	    -o $@ $(HEAP) tests/heap/preload/preload.c -lpthread
$(B)/preload/free_twice: tests/heap/preload/free_twice.c | $(B)/.packages
	@mkdir -p $(@D)
	$(CC) $(KIT_CFLAGS) -o $@ $<
preload: $(B)/preload/heap.so ## build the heap (or HEAP=path) for LD_PRELOAD=build/preload/heap.so
	@echo 'LD_PRELOAD=$$PWD/$< program'

# Heaps for the test of the cost: the reference, plain and with a trick each.
COSTS := $(patsubst tests/grader/%.c,$(B)/tests/%,$(wildcard tests/grader/cost/*.c))
$(COSTS): $(B)/tests/cost/%: tests/grader/cost/%.c $(B)/kit/heap/replay.o solutions/heap/heap.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODULE_FLAGS) -Iassignments $(REPLAYED) -o $@ $< $(B)/kit/heap/replay.o
$(B)/tests/grader/cost_test: | $(COSTS)
$(B)/tests/grader/preload_test: | $(B)/preload/heap.so $(B)/preload/free_twice

# ---- Tests of the kit ---------------------------------------------------------------------

KIT_TESTS := $(patsubst tests/%_test.c,$(B)/tests/%_test,$(wildcard tests/grader/*_test.c tests/machine/*_test.c))

$(B)/tests/grader/%_test: $(B)/obj/tests/grader/%_test.o $(B)/grader.a $(CRITERION_LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $(filter-out %.so,$^) $(CRITERION_LD) $(GRADER_LIBS)
$(B)/tests/machine/%_test: $(B)/obj/tests/machine/%_test.o $(MACHINE_OBJ) $(CRITERION_LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $(filter-out %.so,$^) $(CRITERION_LD)

# ---- The attack corpus (tests/attacks/README.md) ---------------------------------------------

$(B)/tests/attacks: $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/attacks/runner/*.c)) $(B)/grader.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(GRADER_LIBS)
attacks: all $(B)/tests/attacks ## hostile submissions, as this user and as an ordinary one; ATTACK=name
	@$(B)/tests/attacks --vmgrade $(B)/vmgrade $(ATTACK)
	@[ "$$(id -u)" != 0 ] || $(B)/tests/attacks --vmgrade $(B)/vmgrade --as-user $(ATTACK)

docker-test: all $(B)/tests/attacks $(B)/.test-packages ## the image and Gradescope's autograder in containers, against this host
	@tests/docker/run

# ---- Judges against subjects that lie (tests/README.md) ----------------------------------------

F         := $(B)/fuzz
SANITIZED := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJ  := $(patsubst $(B)/obj/%,$(F)/obj/%,$(JUDGE_OBJ)) $(F)/obj/grader/judge/criterion_shim.o \
             $(F)/obj/tests/fuzz/fuzz_judge.o
LIES      := -Wl,--wrap=send,--wrap=recv,--wrap=zygote_child

$(F)/obj/%.o: %.c | $(B)/.packages
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(KIT_CFLAGS) $(SANITIZED) -c -o $@ $<
$(F)/obj/tests/heap/hidden_trace.o: $(TRACES)
$(F)/obj/tests/heap/hidden_trace.o: KIT_CFLAGS += -Wa,-I$(K_TRACES)

define fuzzed
$(F)/$(1)/%_tables.o: grader/bridge/%_tables.c | $(B)/.packages
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$(CC) $$(KIT_CFLAGS) $(SANITIZED) $$(TABLES_$(1)) -c -o $$@ $$<
$(F)/$(1)/judge: $$(TESTS_$(1):%.c=$(F)/obj/%.o) $$(patsubst $(B)/obj/%,$(F)/obj/%,$$(HELP_$(1))) \
    $(F)/$(1)/module_tables.o $(F)/$(1)/served_tables.o $(F)/$(1)/guard_tables.o $(FUZZ_OBJ) $(B)/grader.a \
    $(F)/$(1)/hostile | $$(K_$(1))/served
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $(CFLAGS) $(SANITIZED) -o $$@ $$(filter-out %/hostile,$$^) \
	    -Wl,--wrap=criterion_internal_test_main $$(GUARDED_$(1)) $$(GRADER_LIBS)
$(F)/$(1)/hostile: $$(K_$(1))/src/reference.o $(B)/obj/grader/bridge/child.o $(ZYGOTE_OBJ) \
    $$(K_$(1))/subject_tables.o $$(DIRECT_$(1)) $(B)/obj/tests/fuzz/hostile.o
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) -o $$@ $$^ $(WRAPPED) $(LIES)
endef
$(foreach s,$(STAGES) toy,$(eval $(call fuzzed,$(s))))

# The share of make test: every way of the bridge, and memory that both sides use;
# and what was kept of the fuzzed intake.
FUZZED_SHARE := $(F)/toy/judge $(F)/heap/judge $(F)/intake
test: $(FUZZED_SHARE)
FUZZED := $(or $(STAGE),toy $(STAGES))
fuzz: $(FUZZED:%=$(F)/%/judge) ## ROUNDS=1000 SEED=hex STAGE=M: judges against subjects that lie
	@for stage in $(FUZZED); do echo "$$stage:"; \
	    $(F)/$$stage/judge --rounds=$(or $(ROUNDS),1000) $(if $(filter command line,$(origin SEED)),--seed=$(SEED)) \
	    --kept=tests/fuzz/seeds/$$stage $(F)/$$stage/hostile || exit 1; done

# The intake of archives; clang has libFuzzer, every compiler replays its corpus.
INTAKE_SRC  := tests/grader/fuzz_intake.c grader/intake_archive.c grader/intake_pick.c \
               grader/text.c grader/clean.c grader/utf8.c grader/die.c
INTAKE_LIBS  = $(shell pkg-config --libs libarchive libseccomp)
CORPUS      := tests/grader/corpus/intake
$(F)/intake: $(INTAKE_SRC:%.c=$(F)/obj/%.o) $(F)/obj/tests/fuzz/replay_corpus.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZED) -o $@ $^ $(INTAKE_LIBS)
$(F)/fuzz_intake: $(INTAKE_SRC) | $(B)/.packages
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)clang -g $(STD) $(INCLUDES) $(SANITIZED) -fsanitize=fuzzer -o $@ $^ $(INTAKE_LIBS)
fuzz-intake: $(F)/fuzz_intake ## SECONDS=180: what reads archives, by libFuzzer (clang)
	@mkdir -p $(F)/found
	@cd $(F) && ./fuzz_intake -max_total_time=$(or $(SECONDS),180) -artifact_prefix=found/ found $(CURDIR)/$(CORPUS)

# What things cost; nothing is asserted.
$(B)/tests/bench_calls: $(B)/obj/tests/bench/calls.o $(B)/kit/toy/module_tables.o $(B)/kit/toy/served_tables.o \
    $(B)/obj/tests/toy/help.o $(filter-out %/fixture.o %/checks.o %/endings.o %/property.o,$(JUDGE_OBJ))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(JUDGE_LIBS)
class: all $(B)/tests/attacks $(B)/.test-packages ## N=12 JOBS=2 EACH=1 STAGE=M: grade a class made from the bank, compare with what it foretells
	@tests/class/run $(or $(N),12) $(or $(JOBS),2) $(or $(EACH),0) $(STAGE)
bench: $(if $(filter heap,$(STAGE)),bench-heap)
bench: all kit-toy $(B)/tests/bench_calls $(B)/.test-packages ## STAGE=M: what a call, a check and a whole grading cost
	@tests/bench/run $(STAGE)

# What `make bench` compares with: linked here, so that it always can.
$(B)/tests/in_process: tests/bench/in_process.c grader/judge/fixture.c grader/judge/checks.c tests/property.c \
    $(MACHINE_SRC) $(TESTS_segment) solutions/segment/segment.c | $(B)/.packages
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(STD) -O1 -w $(INCLUDES) -o $@ $^ -lcriterion

kit-tests: all kit-toy $(KIT_TESTS) $(B)/tests/in_process $(B)/.test-packages

# ---- The oracle: the references against the hardware (tests/oracle/README.md) ---------------

O           := $(B)/oracle
ORACLE_CASES := $(B)/obj/tests/oracle/walk_case.o $(B)/obj/tests/oracle/load_case.o $(B)/obj/tests/oracle/access_case.o
$(O)/compare: $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/oracle/compare/*.c)) $(ORACLE_CASES) \
    $(B)/obj/solutions/segment/segment.o $(B)/obj/solutions/pagewalk/pagewalk.o $(MACHINE_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^

# Without a C library and all that a compiler would add; headers of our own and
# of the compiler alone.
BARE := -std=c11 -O2 $(WARNINGS) -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none \
        -fno-asynchronous-unwind-tables -mgeneral-regs-only -mno-red-zone -U_FORTIFY_SOURCE -Iassignments \
        -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack
BARE_DEPS := $(wildcard tests/oracle/*.[ch] tests/oracle/*/*) assignments/machine/machine.h \
             assignments/segment/segment.h assignments/pagewalk/pagewalk.h
KERNEL    := $(BARE) -Wl,-z,max-page-size=4096 -T tests/oracle/kernel/kernel.ld
kernel     = $(addprefix tests/oracle/,$(addprefix kernel/,entry$(1).S attempt$(1).S tables$(1).c main.c walks.c $(2)) walk_case.c $(3))

$(O)/kernel32: $(BARE_DEPS) | $(B)/.test-packages
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -m32 $(KERNEL) -o $@ $(call kernel,32,loads.c,load_case.c)
# A multiboot loader takes 32-bit files alone.
$(O)/kernel64: $(BARE_DEPS) | $(B)/.test-packages
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -m64 $(KERNEL) -o $@ $(call kernel,64) && objcopy -O elf32-i386 $@
$(O)/processor: $(BARE_DEPS) | $(B)/.test-packages
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -m32 $(BARE) -o $@ $(addprefix tests/oracle/,processor/attempt.S processor/processor.c access_case.c)

# Programs of x86 are built on x86 alone; run says what is absent.
ORACLE := $(O)/compare $(if $(filter x86_64,$(shell uname -m)),$(addprefix $(O)/,kernel32 kernel64 processor))
SEED   ?= 1
test: $(ORACLE) $(B)/tests/attacks
oracle: $(ORACLE) ## SEED=hex: hold the references against QEMU and the processor
	@tests/oracle/run --share full --seed $(SEED) --build $(O)

programs: $(MAINS:%=$(B)/%) $(KIT_TESTS) $(B)/tests/attacks $(B)/tests/bench_calls $(O)/compare \
          $(foreach s,$(STAGES) toy,$(B)/kit/$(s)/judge $(B)/kit/$(s)/modules/reference) \
          $(foreach s,$(STAGES),$(B)/kit/$(s)/quick_judge $(ALTS_$(s):%=$(B)/kit/$(s)/modules/alternative-%))

FORCE:
# Whatever the help lists is a name, no file.
.PHONY: FORCE kit kit-tests quick-judges $(KIT) $(shell sed -n 's/^\([a-z][a-z-]*\):.*\#\# .*/\1/p' Makefile)

-include $(shell test -d $(B) && find $(B) -name '*.d')

#!/bin/sh
# Gradescope runs this once, as root, when it builds the image of an
# assignment: installs what is missing, builds the kit and checks it, so that
# grading only grades.
set -eu
cd /autograder/source/vmlab
docker/install-packages build
make -s build/vmgrade build/check_kit kit
# An image whose compiler, valgrind or gcovr judge in another way is not built.
build/check_kit --tools
make -s install PREFIX=/opt/vmlab
rm -rf /autograder/source/vmlab

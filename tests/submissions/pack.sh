#!/bin/sh
# Makes the archives of course/ from sources/, the same bytes every time.  They
# are committed; run this after a change of sources/ and commit what changed.
# Needs GNU tar, zip, xz and zstd.
set -eu
cd "$(dirname "$0")"
export TZ=UTC LC_ALL=C.UTF-8
made='2026-09-01 12:00:00'
top=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy of sources/NAME as the student FOLDER, with fixed dates.
copy() {
    rm -rf "${work:?}/$2"
    cp -R "sources/$1" "$work/$2"
    find "$work/$2" -exec touch -d "$made" {} +
    find "$work/$2" -type d -exec chmod 755 {} + -o -exec chmod 644 {} +
}

# pack_tar NAME COMPRESSOR...: the folder NAME of $work on standard output.
pack_tar() {
    name=$1
    shift
    tar -C "$work" --sort=name --mtime="$made" --owner=0 --group=0 \
        --numeric-owner --format=gnu -cf - "$name" | "$@"
}

pack_zip() {
    rm -f "$top/course/$1"
    (cd "$work/$2" && shift 2 && find "$@" | sort | zip -q -X -@ - >"$work/zip")
    mv "$work/zip" "$top/course/$1"
}

copy lucas-meyer lucas-meyer
pack_zip lucas-meyer.zip lucas-meyer segment.c

copy 张伟 张伟
mkdir -p "$work/__MACOSX/张伟"
printf 'resource fork' >"$work/__MACOSX/张伟/._segment.c"
find "$work/__MACOSX" -exec touch -d "$made" {} +
pack_zip 张伟.zip . 张伟 __MACOSX

copy mei-lin-chen vmlab-main
pack_tar vmlab-main zstd -q -19 >course/mei-lin-chen.tar.zst
copy 'Søren Østergaard' solution
pack_tar solution gzip -n9 >'course/Søren Østergaard.tar.gz'
copy priya-sharma 22B1043
pack_tar 22B1043 xz -9 >course/priya-sharma.tar.xz

# An upload that broke off: the first half of an archive.
copy lucas-meyer ivan-petrov
pack_tar ivan-petrov gzip -n9 | head -c 700 >course/ivan-petrov.tar.gz

# Names that aim at the grader, the terminal, the page and the spreadsheet,
# around a module that was not touched.
copy ../course/amara-okafor/segment mallory
cd "$work/mallory"
for name in '-rf' '=HYPERLINK("http:,,evil.example","grade")' '.bashrc' \
    '<script>alert(1)<,script>' "$(printf 'two\nlines')" \
    "$(printf 'red\033[31m.c')" "$(printf 'not\377utf8.c')" \
    "$(printf 'gpj.\342\200\256c')" '$(reboot).c' 'segment.c '; do
    printf 'x' >"./$name"
done
ln -s /etc/passwd tlb.c
ln -s ../../../solutions solutions
mkfifo heap.c
find . -exec touch -h -d "$made" {} +
cd "$top"
hostile='tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -P'
$hostile --mtime="$made" -C "$work" -cf "$work/mallory.tar" mallory
# The same file again under paths that lead elsewhere.
for path in '../../../solutions/segment/segment.c' '/tmp/segment.c' \
    'mallory/../../segment.c' '..\\segment.c'; do
    $hostile --mtime="$made" -C "$work" --transform="s|.*|$path|" \
        -rf "$work/mallory.tar" mallory/segment.c
done
gzip -n9 <"$work/mallory.tar" >course/mallory-pryce.tar.gz

#!/usr/bin/env bash
# build.sh [COMMAND] [OPTION...]: from a bare machine to a patched Heimdal.  See usage() below.
set -u
export LC_ALL=C

usage() {
    cat <<'TXT'
usage: ./build.sh [COMMAND] [OPTION...]

  (none)    fetch the pinned source, verify it, overlay the modules, apply the
            patches, configure, build, and install to the build directory
  demo      the same, then a throwaway realm on loopback shows the features
  check     the same, then every test; the last line is N passed, N failed, N skipped
  check-series | check-heimdal | check-ext     one part of check
  clean     remove the build directory

  --build-dir DIR  where everything goes (default: $BUILD_DIR or _build)
  --prefix DIR     where to install (default: BUILD_DIR/install)
  --base NAME      debian, git or release (default: whichever can be had, in that order)
  --tarball FILE   take the source from FILE; UPSTREAM's checksums decide
  --jobs N         parallel jobs (default: the number of processors)
  --crypto NAME    openssl (version 3) or internal: whose ciphers, digests, RSA and
                   DH hcrypto uses (default: $CRYPTO or openssl; the base as it is
                   has its own)
  --asan           build with AddressSanitizer and UndefinedBehaviorSanitizer
  --coverage       build with gcc's counting of lines and branches
  --unpatched      build the base as it is, without modules and patches
  --stage NAME     stop after deps, fetch, unpack, overlay, patch, configure, build or install
  --discard        overwrite files that were edited by hand below BUILD_DIR/src

HEIMDAL_SOURCES names a directory that is searched for the source first.
TXT
}

# The build dependencies: Debian's names.  This is the only list; tests/bare-machine proves it.
DEPS="
    gcc make autoconf automake libtool pkg-config   the autotools build (the base is a git snapshot)
    bison flex perl libjson-perl python3            generated sources
    comerr-dev libcrypt-dev libdb-dev libsqlite3-dev libedit-dev libncurses-dev libcap-ng-dev  libraries
    libssl-dev                                      OpenSSL 3, unless --crypto internal
    texinfo                                         the manuals
    quilt diffstat patch xz-utils                   the series
    openssl unzip valgrind mandoc                   only the tests: certificates, NIST test vectors, leaks, manuals
"
# The same dependencies as commands and headers, for systems without dpkg.
DEP_COMMANDS="gcc make autoconf automake libtoolize pkg-config bison flex perl python3 makeinfo quilt patch xz openssl"
STAGES="deps fetch unpack overlay patch configure build install"

top=$(cd "$(dirname "$0")" && pwd)
command=build base= tarball= jobs= prefix= asan=no last_stage=install discard= series=patched coverage=no
build_dir=${BUILD_DIR:-$top/_build} crypto=${CRYPTO:-}

die() { # "WHAT: WHAT TO DO"
    echo "build.sh: $1" >&2
    exit 1
}

parse_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        demo|check|check-series|check-heimdal|check-ext|clean) command=$1 ;;
        --build-dir|--prefix|--base|--tarball|--jobs|--crypto|--stage)
            [ $# -ge 2 ] || die "$1 needs a value; see ./build.sh --help"
            case $1 in
            --build-dir) build_dir=$2 ;;
            --prefix) prefix=$2 ;;
            --base) base=$2 ;;
            --tarball) tarball=$2 ;;
            --jobs) jobs=$2 ;;
            --crypto) crypto=$2 ;;
            --stage) last_stage=$2 ;;
            esac
            shift ;;
        --asan) asan=yes ;;
        --coverage) coverage=yes ;;
        --unpatched) series=unpatched ;;
        --discard) discard=--discard ;;
        -h|--help) usage; exit 0 ;;
        *) die "unknown argument '$1': see ./build.sh --help" ;;
        esac
        shift
    done
    case $base in ''|debian|git|release) ;; *) die "unknown base '$base': take debian, git or release" ;; esac
    # without the patches hcrypto stops at its first use of OpenSSL 3
    if [ $series = unpatched ]; then : "${crypto:=internal}"; else : "${crypto:=openssl}"; fi
    case $crypto in openssl|internal) ;; *) die "unknown crypto '$crypto': take openssl or internal" ;; esac
    case " $STAGES " in *" $last_stage "*) ;; *) die "unknown stage '$last_stage': take one of $STAGES" ;; esac
    case ${jobs:=$(nproc 2>/dev/null || echo 2)} in
    *[!0-9]*|0) die "--jobs takes a positive number, not '$jobs'" ;;
    esac
    [ "$last_stage" = install ] || [ "$command" = build ] || die "$command needs every stage: leave --stage out"
    [ -z "$tarball" ] || { [ -f "$tarball" ] && [ -r "$tarball" ]; } || die "cannot read $tarball: give --tarball a readable file"
    [ -z "$tarball" ] || tarball=$(realpath "$tarball")
    build_dir=$(realpath -m "$build_dir")
    prefix=$(realpath -m "${prefix:-$build_dir/install}")
    case $build_dir$prefix in
    *[[:space:]]*) die "make cannot work below a directory with white space in its name: choose others with --build-dir and --prefix" ;;
    esac
}

# ---------------------------------------------------------------- progress and stamps

now() { date +%s%N; }
seconds_since() { local ms=$((($(now) - $1) / 1000000)); printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100)); }

# Tells how far the stage is while process $2 runs: lines of log $3 that match $4.
watch_progress() { # STAGE PID LOG PATTERN TOTAL
    local began=$SECONDS n told=0
    while kill -0 "$2" 2>/dev/null; do
        for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; kill -0 "$2" 2>/dev/null || break 2; done
        n=$(grep -cE "$4" "$3" 2>/dev/null)
        if [ -t 1 ]; then
            printf '\r%-10s %s of about %s, %d s ' "$1" "$n" "$5" $((SECONDS - began))
        elif [ $((SECONDS - began)) -ge $((told + 30)) ]; then
            told=$((SECONDS - began))
            printf '%-10s %s of about %s, %d s\n' "$1" "$n" "$5" "$told"
        fi
    done
    [ ! -t 1 ] || printf '\r%60s\r' ''
}

# Runs a command into the stage's log; on failure shows its last 20 lines and stops.
logged() { # STAGE PATTERN TOTAL COMMAND...
    local stage=$1 pattern=$2 total=$3 log="$build_dir/log/$1.log" status
    shift 3
    setsid "$@" >> "$log" 2>&1 9>&- &
    working=$!
    [ -z "$pattern" ] || watch_progress "$stage" $working "$log" "$pattern" "$total"
    wait $working
    status=$? working=
    [ $status = 0 ] || {
        tail -n 20 "$log" >&2
        die "stage $stage failed; the whole log is $log"
    }
}

working= # the process group that logged() waits for
interrupted() {
    trap '' INT TERM HUP
    [ -z "$working" ] || kill -TERM -- "-$working" 2>/dev/null
    die "interrupted: run it again, it goes on where it stopped"
}

said= # one stage's remark, printed behind its name
run_stage() { # STAGE
    local began
    began=$(now) said=
    : > "$build_dir/log/$1.log"
    "stage_$1"
    printf '%-10s %-58s %8s\n' "$1" "$said" "$(seconds_since "$began")"
}

# A stage is up to date when the hash of what it reads is the one it left behind.
up_to_date() { [ "$(cat "$build_dir/stamp/$1" 2>/dev/null)" = "$2" ]; }
stamp() { echo "$2" > "$build_dir/stamp/$1"; }
hash_of() { sha256sum | cut -d' ' -f1; }
hash_files() { find "$@" -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum | hash_of; }

prepare_build_dir() {
    [ ! -e "$build_dir" ] || [ -e "$build_dir/.heimdal-ext" ] || [ -z "$(ls -A "$build_dir" 2>/dev/null)" ] ||
        die "$build_dir is not a build directory of heimdal-ext: remove it or choose another with --build-dir"
    mkdir -p "$build_dir/log" "$build_dir/stamp" "$build_dir/download" 2>/dev/null ||
        die "cannot write to $build_dir: choose another place with --build-dir"
    : > "$build_dir/.heimdal-ext"
    exec 9> "$build_dir/.lock"
    flock -n 9 || die "another build.sh is at work in $build_dir: wait for it or choose another --build-dir"
    remove_parts
    trap remove_parts EXIT
    trap interrupted INT TERM HUP
}

# What is half done is called .part until it is whole.
remove_parts() { rm -rf "$build_dir"/*.part; }

clean() {
    [ -e "$build_dir" ] || return 0
    [ -e "$build_dir/.heimdal-ext" ] || die "$build_dir is not a build directory of heimdal-ext: remove it yourself"
    exec 9> "$build_dir/.lock"
    flock -n 9 || die "another build.sh is at work in $build_dir: wait for it"
    rm -rf "$build_dir"
}

# ---------------------------------------------------------------- deps

missing_packages() {
    local p
    for p in $(printf '%s\n' "$DEPS" | sed 's/^ *//; s/  .*//'); do
        dpkg-query -W -f='${Status}\n' "$p" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$p"
    done
}

stage_deps() {
    local missing= install sudo= c
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        for c in $DEP_COMMANDS; do command -v "$c" >/dev/null || missing="$missing $c"; done
        [ -z "$missing" ] || die "missing commands:$missing; install them (build.sh lists what Debian calls them) and run this again"
        said="commands found; configure will tell about libraries"
        return
    fi
    missing=$(missing_packages)
    [ -n "$missing" ] || { said="all installed"; return; }
    install="apt-get install -y --no-install-recommends $missing"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || die "build dependencies are missing; run: sudo $install"
        sudo="sudo -n"
    fi
    echo "deps       installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    $sudo $install < /dev/null > "$build_dir/log/deps.log" 2>&1 ||
        { $sudo apt-get update && $sudo $install; } < /dev/null >> "$build_dir/log/deps.log" 2>&1 || {
            tail -n 20 "$build_dir/log/deps.log" >&2
            die "installing the build dependencies failed; try: ${sudo:+sudo }$install"
        }
    said="installed $(echo $missing | wc -w) packages"
}

# ---------------------------------------------------------------- fetch

upstream() { sed -n "s/^$1 *//p" "$top/UPSTREAM"; }              # value of a line
tarball_field() { upstream tarball | awk -v b="$1" -v n="$2" '$1 == b { print $n }'; }
tarball_how() { upstream tarball | awk -v b="$1" '$1 == b { $1 = $2 = $3 = ""; print }'; }
checksum() { sha256sum "$1" | cut -d' ' -f1; }

# Which base the file is, by its checksum; nothing when it is none.
base_of_file() {
    local sum
    sum=$(checksum "$1")
    upstream tarball | awk -v s="$sum" '$3 == s { print $1 }'
}

# apt's own entries, binary ones turned into source ones, in a private list with a private state.
private_apt() { # DIR; prints the options
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    { sed -n 's/^deb[[:space:]]/deb-src /p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
      sed -n '/^deb-src/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
    } | sort -u > "$1/private.list"
    { for f in /etc/apt/sources.list.d/*.sources; do
          [ ! -r "$f" ] || { sed 's/^Types:.*/Types: deb-src/' "$f"; echo; }
      done
    } > "$1/private.sources"
    mkdir -p "$1/parts"
    mv "$1/private.list" "$1/private.sources" "$1/parts/"
    echo "-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$1/parts -o Dir::State::Lists=$1/lists" \
         "-o Dir::Cache=$1/cache -o APT::Sandbox::User=$(id -un) -o Acquire::Languages=none"
}

fetch_apt_source() { # DIR PACKAGE VERSION-PREFIX: leaves the .orig tarball in DIR
    local options version
    command -v apt-get >/dev/null || { echo "no apt-get on this system"; return 1; }
    options=$(private_apt "$1/apt")
    apt-get $options update || echo "going on with what could be updated"   # a source that is not Debian's may fail
    version=$(apt-cache $options showsrc "$2" | awk -v p="$3" '$1 == "Version:" && index($2, p) == 1 { print $2; exit }')
    [ -n "$version" ] || { echo "no source package $2 $3 in apt's own sources"; return 1; }
    (cd "$1" && apt-get $options source --download-only --tar-only "$2=$version")
}

fetch_url() { # DIR URL
    if command -v curl >/dev/null; then curl -fsSL --retry 2 --connect-timeout 20 -o "$1/$(basename "$2")" "$2"
    elif command -v wget >/dev/null; then wget -q -T 20 -P "$1" "$2"
    else python3 - "$1" "$2" <<'PY'
import os, sys, urllib.request
urllib.request.urlretrieve(sys.argv[2], os.path.join(sys.argv[1], os.path.basename(sys.argv[2])))
PY
    fi
}

fetch_git() { # DIR: leaves heimdal-COMMIT.tar
    local commit url
    commit=$(upstream commit) url=${HEIMDAL_GIT:-$(upstream git)}
    command -v git >/dev/null || { echo "no git on this system"; return 1; }
    git init -q --bare "$1/git" || return 1
    git --git-dir="$1/git" -c transfer.fsckObjects=true fetch -q --depth 1 "$url" "$commit" || return 1
    [ "$(git --git-dir="$1/git" rev-parse FETCH_HEAD)" = "$commit" ] || { echo "$url gave another commit"; return 1; }
    git --git-dir="$1/git" archive --prefix="heimdal-$commit/" -o "$1/heimdal-$commit.tar" "$commit"
}

# Fetches base $1 into a directory of its own; only what verifies is moved to download/.
fetch_base() {
    local part="$build_dir/fetch.part" file how log="$build_dir/log/fetch.log"
    rm -rf "$part"
    mkdir -p "$part"
    if [ "$1" = git ]; then
        fetch_git "$part" >> "$log" 2>&1 || { rm -rf "$part"; return 1; }
        file="heimdal-$(upstream commit).tar"
    else
        file=$(tarball_field "$1" 2) how=$(tarball_how "$1")
        set -- "$1" $how
        if [ "$2" = apt-source ]; then fetch_apt_source "$part" "$3" "$4" >> "$log" 2>&1
        else fetch_url "$part" "$2" >> "$log" 2>&1
        fi || { rm -rf "$part"; return 1; }
        [ -f "$part/$file" ] || { echo "$file did not arrive" >> "$log"; rm -rf "$part"; return 1; }
        [ "$(base_of_file "$part/$file")" = "$1" ] || {
            rm -rf "$part"
            die "$file arrived with a wrong sha256: UPSTREAM says $(tarball_field "$1" 3); do not use it, fetch it from elsewhere and give it with --tarball"
        }
    fi
    mv "$part/$file" "$build_dir/download/$file"
    rm -rf "$part"
    source_file="$build_dir/download/$file" source_base=$1
}

# A file given by the user or kept from before.
take_local() {
    local b file dir
    if [ -n "$tarball" ]; then
        source_base=$(base_of_file "$tarball")
        [ -n "$source_base" ] || die "$tarball is none of the sources in UPSTREAM (sha256 $(checksum "$tarball")): get the pinned one"
        [ -z "$base" ] || [ "$base" = "$source_base" ] || die "$tarball is the $source_base base, not $base: leave --base out"
        source_file=$tarball said="$(basename "$tarball") (given)"
        return 0
    fi
    for dir in ${HEIMDAL_SOURCES:+"$HEIMDAL_SOURCES"} "$build_dir/download"; do
        for b in ${base:-debian git release}; do
            if [ "$b" = git ]; then file="$build_dir/download/heimdal-$(upstream commit).tar"
            else file="$dir/$(tarball_field "$b" 2)"; fi
            [ -f "$file" ] || continue
            if [ "$b" != git ] && [ "$(base_of_file "$file")" != "$b" ]; then
                die "$file has a wrong sha256 ($(checksum "$file")): remove it and run this again"
            fi
            source_file=$file source_base=$b said="$(basename "$file") (at hand)"
            return 0
        done
    done
    return 1
}

stage_fetch() {
    local b
    take_local && return
    for b in ${base:-debian git release}; do
        if fetch_base "$b"; then
            said="$(basename "$source_file") ($b)"
            return
        fi
    done
    tail -n 5 "$build_dir/log/fetch.log" >&2
    die "no source could be fetched (${base:-debian, git, release}); no network? Give the file with --tarball, see UPSTREAM; log: $build_dir/log/fetch.log"
}

# ---------------------------------------------------------------- unpack, overlay, patch

stage_unpack() {
    local want part="$build_dir/pristine.part"
    want="$source_base $(stat -c '%s %Y' "$source_file")"
    if up_to_date unpack "$want" && [ -d "$build_dir/pristine" ] && [ -e "$build_dir/stamp/pristine" ]; then
        said="up to date"
        up_to_date pristine "$(tree_state "$build_dir/pristine")" && return
        [ -n "$discard" ] || die "$build_dir/pristine was changed by hand: move the change to a patch, or unpack anew with --discard"
    fi
    rm -rf "$build_dir/pristine" "$build_dir/stage" "$build_dir/stamp/patch"
    mkdir "$part"
    logged unpack '' 0 tar -xf "$source_file" --strip-components=1 --no-same-owner -C "$part"
    # A release tarball brings generated files, a snapshot one; patches change what they are generated from.
    (cd "$part" && rm -f configure aclocal.m4
     find . \( -name Makefile.in -o -name config.h.in -o -name '*-protos.h' -o -name '*-private.h' \) -exec rm {} +)
    mv "$part" "$build_dir/pristine"
    stamp pristine "$(tree_state "$build_dir/pristine")"
    stamp unpack "$want"
    said="$source_base base, upstream $(upstream commit | cut -c1-12)"
    [ "$source_base" != release ] || said="release base"
}

# Changes when a file is added, removed, or written to.
tree_state() { find "$1" ! -type d -printf '%P %s %T@\n' | sort | hash_of; }

overlay_lines() { sed 's/#.*//; /^[[:space:]]*$/d' "$top/OVERLAY"; }

put_overlay() { # TREE
    local from to file n=0
    while read -r from to; do
        [ -d "$top/$from" ] || die "OVERLAY names $from, which is no directory here: mend the line"
        while IFS= read -r file; do
            mkdir -p "$1/$to"
            cmp -s "$top/$from/$file" "$1/$to/$file" || cp "$top/$from/$file" "$1/$to/$file"
            n=$((n + 1))
        done < <(cd "$top/$from" && find . -maxdepth 1 -type f \
            \( -name '*.[ch]' -o -name '*.am' -o -name '*.m4' -o -name '*.et' -o -name '*.asn1' -o -name '*.map' -o -name '*.texi' -o -name '*.[1-8]' \))
    done < <(overlay_lines)
    echo "$n files"
}

# What the patched tree is made of.  A change of a patch, or a module file that went away, makes it anew.
compose_key() {
    { cat "$build_dir/stamp/unpack"; echo "$series"; cat "$top/OVERLAY"
      overlay_lines | while read -r from _; do (cd "$top/$from" && ls); done
      cat "$top/patches/series"; hash_files "$top/patches"; } 2>/dev/null | hash_of
}

stage_overlay() {
    compose=$(compose_key)
    if ! up_to_date patch "$compose" || [ ! -d "$build_dir/stage" ]; then
        rm -rf "$build_dir/stage" "$build_dir/stamp/patch"
        cp -a "$build_dir/pristine" "$build_dir/stage.part"
        mv "$build_dir/stage.part" "$build_dir/stage"
    fi
    if [ "$series" = unpatched ]; then said="none, the base as it is"
    else said=$(put_overlay "$build_dir/stage") || exit 1; fi
}

# Heimdal makes its prototype headers from the sources once.  Where a source changed they are made anew;
# one that comes out the same keeps its time, so that nothing is compiled for it.
refresh_prototypes() {
    local dir header srcdir old="$build_dir/prototypes.old"
    sed -n 's,/[^/]*\.c$,,p' "$build_dir/src.manifest.changed" | sort -u | while read -r dir; do
        srcdir=$(sed -n 's/^srcdir = //p' "$build_dir/obj/$dir/Makefile" 2>/dev/null)
        for header in "$build_dir/src/$dir"/*-protos.h "$build_dir/src/$dir"/*-private.h; do
            [ -f "$header" ] || continue
            mv "$header" "$old"
            [ -n "$srcdir" ] && make -C "$build_dir/obj/$dir" "$srcdir/$(basename "$header")" >/dev/null 2>&1 9>&-
            ! cmp -s "$old" "$header" || mv "$old" "$header"
        done
    done
    rm -f "$old"
}

stage_patch() {
    local log="$build_dir/log/patch.log"
    if ! up_to_date patch "$compose"; then
        if [ "$series" = unpatched ]; then echo "no patches" > "$log"
        else "$top/scripts/push-series" "$build_dir/stage" > "$log" 2>&1 || {
            tail -n 20 "$log" >&2
            rm -rf "$build_dir/stage"
            die "$(sed -n 's/^push-series: \(.* does not apply\).*/\1/p' "$log"): rebase it, see doc/building.md; the whole log is $log"
        }; fi
        grep '^skipped' "$log"
        cp "$log" "$build_dir/log/series.log"
        stamp patch "$compose"
    fi
    said=$("$top/scripts/sync-tree" "$build_dir/stage" "$build_dir/src" "$build_dir/src.manifest" $discard 2>> "$log") ||
        die "$(tail -n 1 "$log"): move the change to a module or a patch, or overwrite it with --discard"
    refresh_prototypes
    said="$(tail -n 1 "$build_dir/log/series.log"); $said"
}

# ---------------------------------------------------------------- configure, build, install

set_compiler() {
    CC=${CC:-gcc} CFLAGS=${CFLAGS:--g -O2}
    ! command -v ccache >/dev/null || [ "${CC#ccache}" != "$CC" ] || CC="ccache $CC"
    if [ "$asan" = yes ]; then
        CFLAGS="-g -O1 -fsanitize=address,undefined -fno-omit-frame-pointer"
        export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
        # a finding ends the program: a daemon that goes on tells nobody
        export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1:suppressions=$top/tests/assure/ubsan.supp}
    fi
    # -O0: a branch of ours is one of gcc's; several processes count at once
    [ "$coverage" = no ] || CFLAGS="-g -O0 --coverage -fprofile-update=atomic"
    export CC CFLAGS
}

openssl_option() { if [ "$crypto" = openssl ]; then echo --with-openssl=/usr; else echo --without-openssl; fi; }

# configure goes on without an OpenSSL that it cannot use.
refuse_other_crypto() {
    local config="$build_dir/obj/include/config.h"
    [ "$crypto" = internal ] || [ ! -f "$config" ] || grep -q '^#define HAVE_HCRYPTO_W_OPENSSL 1' "$config" ||
        die "configure found no OpenSSL to build with: install its headers (libssl-dev), or take --crypto internal"
}

# LMDB and OpenLDAP, which configure would take where it finds them: the same Heimdal on every machine.
stage_configure() {
    local autotools want options
    options="--prefix=$prefix --enable-static $(openssl_option) --without-openldap --disable-mdb-db --with-sqlite3=/usr --with-libedit=/usr --disable-silent-rules"
    # AddressSanitizer has a crypt() that calls the one of libcrypt, if a program is linked with that
    [ "$asan" = no ] || options="$options ac_cv_funclib_crypt=-lcrypt"
    # make does not know with which options, and for which prefix, an object was made; nor
    # ld that libraries installed before, which it finds by their rpath, are others.
    case $(cat "$build_dir/stamp/configure" 2>/dev/null) in
    "$options $CC $CFLAGS "*) ;;
    *) rm -rf "$build_dir/obj" "$build_dir/install" "$build_dir/stamp/install" ;;
    esac
    autotools=$(grep -E '(\.am|\.m4|configure\.ac)$' "$build_dir/src.manifest" | hash_of)
    if ! up_to_date autogen "$autotools"; then
        logged configure '' 0 sh -c 'cd "$1" && sh ./autogen.sh' sh "$build_dir/src"
        stamp autogen "$autotools"
        rm -f "$build_dir/stamp/build"
    fi
    want="$options $CC $CFLAGS $(checksum "$build_dir/src/configure")"
    up_to_date configure "$want" && [ -f "$build_dir/obj/config.status" ] && { said="up to date, crypto $crypto"; return; }
    rm -f "$build_dir/stamp/configure" "$build_dir/stamp/build"
    mkdir -p "$build_dir/obj"
    logged configure '^checking' 900 sh -c 'cd "$1" && shift && ../src/configure "$@"' sh "$build_dir/obj" $options
    refuse_other_crypto
    stamp configure "$want"
    said="$CC $CFLAGS, crypto $crypto"
}

build_key() { { cat "$build_dir/stamp/configure"; cut -d' ' -f1 "$build_dir/src.manifest"; } | hash_of; }

stage_build() {
    up_to_date build "$(build_key)" && { said="up to date"; return; }
    # Heimdal would reformat its generated sources with a clang-format that happens to be there.
    logged build '^libtool: compile: ' 1700 make -C "$build_dir/obj" -j"$jobs" CLANG_FORMAT=
    rm -f "$build_dir/stamp/install"
    stamp build "$(build_key)"
    said="$(grep -cE '^libtool: compile: ' "$build_dir/log/build.log") compiled"
}

stage_install() {
    local want
    want="$prefix $(cat "$build_dir/stamp/build")"
    up_to_date install "$want" && { said="up to date"; return; }
    logged install '' 0 make -C "$build_dir/obj" install
    stamp install "$want"
    said=$prefix
}

build() {
    local s
    set_compiler
    prepare_build_dir
    for s in $STAGES; do
        run_stage "$s"
        [ "$s" != "$last_stage" ] || break
    done
}

# ---------------------------------------------------------------- check, demo

# Each part prints its own progress and ends with "... N passed, N failed, N skipped".
check_part() { # NAME COMMAND...
    local name=$1 began=$SECONDS log="$build_dir/log/check-$1.log" line
    shift
    echo "== $name"
    "$@" 2>&1 9>&- | tee "$log"
    [ "${PIPESTATUS[0]}" = 0 ] || check_failed=1
    line=$(grep -oE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$log" | tail -n 1)
    [ -n "$line" ] || { line="0 passed, 1 failed, 0 skipped"; check_failed=1; }
    set -- $line
    summary="$summary$(printf '%-16s %6s %6s %7s  %4d s' "$name" "$1" "$3" "$5" $((SECONDS - began)))
"
    passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
}

check() {
    local passed=0 failed=0 skipped=0 summary= check_failed=0
    export BUILD_DIR=$build_dir HEIMDAL_PREFIX=$prefix
    case $command in check|check-series)
        check_part series python3 "$top/tests/check_patches.py" --pristine "$build_dir/pristine" ;;
    esac
    case $command in check|check-heimdal)
        check_part heimdal python3 "$top/tests/heimdal_check.py" --obj "$build_dir/obj" --jobs "$jobs" \
            --baseline "$top/tests/baseline/check.tsv" --log "$build_dir/log/heimdal" ;;
    esac
    # the programs of tests/ext, which the part before has made otherwise
    case $command in check-ext)
        : > "$build_dir/log/programs.log"
        logged programs '' 0 make -C "$build_dir/obj/tests/ext" -j"$jobs" CLANG_FORMAT= check TESTS= ;;
    esac
    case $command in check|check-ext)
        check_part ext python3 "$top/tests/run.py" --jobs "$jobs" ;;
    esac
    printf '\n%-16s %6s %6s %7s  %6s\n%s\n' part passed failed skipped time "$summary"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$check_failed" = 0 ] && [ "$failed" = 0 ]
}

main() {
    parse_arguments "$@"
    case $command in
    clean) clean ;;
    build) build ;;
    demo) build && BUILD_DIR=$build_dir HEIMDAL_PREFIX=$prefix python3 "$top/tests/demo/demo.py" ;;
    check-series) last_stage=unpack; build && check ;;
    check*) build && check ;;
    esac
}

main "$@"; exit   # on one line: the script may be replaced while it runs

# A chroot of another Debian release, for build-deb and tests/deb, which set chroot, suite and log, and have die().

# Where apt has this system's Debian from.
mirror() {
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(COMPONENT) $(SUITE)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $3 == "main" && $4 !~ /security|updates|backports/ { print $2; exit }'
}

make_chroot() { # VARIANT
    local from
    from=$(mirror)
    [ -n "$from" ] || die "apt has no entry of Debian: add one, or run apt-get update"
    command -v debootstrap >/dev/null || die "no debootstrap: apt-get install debootstrap"
    # it leaves /proc mounted: in namespaces of its own nowhere else
    unshare --mount --propagation private debootstrap --variant="$1" "$suite" "$chroot" "$from" >> "$log" 2>&1 || die "debootstrap failed; see $log"
}

# What the chroot needs of the system to reach the network as the system does.
connect_chroot() {
    local from
    from=$(mirror)
    { echo "deb $from $suite main"
      [ -z "${updates:-}" ] || echo "deb ${from%debian/}debian-security $suite-security main"
    } > "$chroot/etc/apt/sources.list"
    rm -f "$chroot"/etc/apt/sources.list.d/*
    apt-config dump | grep -E '^Acquire::([a-z:]*Proxy|Check-|Retries)' > "$chroot/etc/apt/apt.conf.d/80-as-outside"
    cp -L /etc/resolv.conf /etc/hosts "$chroot/etc/"
}

# COMMAND for a shell in the chroot, in namespaces of its own, so that mounts and processes end with it.  With terminals,
# which Heimdal's tests make.
in_chroot() {
    unshare --mount --propagation private --pid --fork --kill-child sh -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            chroot "$0" sh -c "$1"' "$chroot" "$1" < /dev/null >> "$log" 2>&1
}

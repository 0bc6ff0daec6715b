#!/bin/bash
# Unpacks PostgreSQL 17 + TimescaleDB + PostGIS and Mosquitto, as Debian 13 ships them, into a private prefix.
# The host is left as it is: nothing is installed, upgraded or configured outside PREFIX. Root is not needed.
# Needs on the host: bash, apt, dpkg-deb, debian-archive-keyring, tzdata (all part of a Debian base system).
#   usage: install.sh PREFIX        (no blanks in its path; it is burnt into the binaries, so it can't be moved)
#   env:   CITYPULSE_DEBIAN_MIRROR, CITYPULSE_DEBIAN_SECURITY_MIRROR override the mirrors taken from the host's apt
set -euo pipefail
umask 022
PREFIX=$(mkdir -p "${1:?usage: install.sh PREFIX}" && cd "$1" && pwd -P)
case $PREFIX in *[[:space:]:\'\"\\\$]*) echo "prefix must not hold blanks, quotes, colons, \\ or \$: $PREFIX" >&2; exit 1;; esac
ARCH=$(dpkg --print-architecture)
case $ARCH in amd64) TRIPLET=x86_64-linux-gnu;; arm64) TRIPLET=aarch64-linux-gnu;; *) echo "no build for $ARCH" >&2; exit 1;; esac

# The mirrors the host's own apt uses (a bare machine may have no lists yet: then ask what it would fetch); the suite is ours.
repositories() {
  { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages'
    apt-get update --print-uris 2>/dev/null | sed -n "s/^'\(.*\)dists\/.*/\1/p"; } | sort -u
}
MIRROR=${CITYPULSE_DEBIAN_MIRROR:-$(repositories | awk '/\/debian\/?$/ {print; exit}')}
SECURITY=${CITYPULSE_DEBIAN_SECURITY_MIRROR:-$(repositories | awk '/\/debian-security\/?$/ {print; exit}')}
[ -n "$MIRROR" ] || { echo "this host's apt knows no Debian mirror: use compose, or set CITYPULSE_DEBIAN_MIRROR" >&2; exit 1; }
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$KEYRING" ] || { echo "no $KEYRING: this is not a Debian host; use compose" >&2; exit 1; }

TIMESCALE="postgresql-17 postgresql-client-17 postgresql-17-timescaledb libpq5 libc6 libc-bin libgcc-s1 libstdc++6 libicu76
 libssl3t64 libldap2 libsasl2-2 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1
 libxml2 liblzma5 libxslt1.1 libgcrypt20 libgpg-error0 libzstd1 liblz4-1 libxxhash0 zlib1g libpam0g libaudit1
 libcap-ng0 libselinux1 libpcre2-8-0 libsystemd0 libcap2 libuuid1 libreadline8t64 libtinfo6 patchelf"
POSTGIS="postgresql-17-postgis-3 postgresql-17-postgis-3-scripts libgeos3.13.1 libgeos-c1t64 libproj25 proj-data libjson-c5
 libprotobuf-c1 libsqlite3-0 libtiff6 libcurl3t64-gnutls libnghttp2-14 libnghttp3-9 libngtcp2-16 libngtcp2-crypto-gnutls8
 libidn2-0 libunistring5 librtmp1 libssh2-1t64 libpsl5t64 libgnutls30t64 libbrotli1 libnettle8t64 libhogweed6t64 libgmp10
 libp11-kit0 libtasn1-6 libffi8 libjpeg62-turbo libwebp7 libsharpyuv0 libdeflate0 liblerc4 libjbig0"
MOSQUITTO="mosquitto mosquitto-clients libmosquitto1 libcjson1 libdlt2 libwebsockets19t64 libwrap0 libnsl2 libtirpc3t64"

W=$PREFIX/.build; rm -rf "$W"
mkdir -p "$W"/{etc/sources.list.d,state/lists/partial,cache/archives/partial,log,debs}
trap 'rm -rf "$W"' EXIT
: > "$W/state/status"
{
  printf 'Types: deb\nURIs: %s\nSuites: trixie trixie-updates\nComponents: main\nArchitectures: %s\nSigned-By: %s\n' "$MIRROR" "$ARCH" "$KEYRING"
  [ -z "$SECURITY" ] || printf '\nTypes: deb\nURIs: %s\nSuites: trixie-security\nComponents: main\nArchitectures: %s\nSigned-By: %s\n' "$SECURITY" "$ARCH" "$KEYRING"
} > "$W/etc/sources.list.d/trixie.sources"
{
  apt-config dump 2>/dev/null | grep -E '^Acquire::(https?|ftp)[: ]' || true   # keep the host's proxy and CA settings
  cat <<C
Dir "$W/";
Dir::Etc "$W/etc"; Dir::Etc::main "/dev/null"; Dir::Etc::parts "/dev/null"; Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$W/etc/sources.list.d"; Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";
Dir::State "$W/state"; Dir::State::status "$W/state/status"; Dir::State::lists "$W/state/lists";
Dir::Cache "$W/cache"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; Dir::Log "$W/log";
Dir::Bin::methods "/usr/lib/apt/methods/";
APT::Architecture "$ARCH"; APT::Architectures { "$ARCH"; }; APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "$(id -un)"; APT::Update::Error-Mode "any"; Acquire::Languages "none"; Acquire::Retries "3";
C
} > "$W/apt.conf"
# Lines that start with "citypulse:" are what install.py turns into progress.
echo "citypulse:step reading the package lists"
( export APT_CONFIG=$W/apt.conf
  apt-get -q update
  echo "citypulse:download $(wc -w <<< "$TIMESCALE $POSTGIS $MOSQUITTO")"
  cd "$W/debs" && apt-get -q download $TIMESCALE $POSTGIS $MOSQUITTO )   # signature -> index -> .deb hash, all checked by apt

echo "citypulse:step unpacking"
R=$PREFIX/tree.new; rm -rf "$R"; mkdir "$R"
for deb in "$W"/debs/*.deb; do dpkg-deb -x "$deb" "$R"; done
L=$R/usr/lib/$TRIPLET; PG=$R/usr/lib/postgresql/17; EXT=$R/usr/share/postgresql/17/extension
for control in "$EXT"/postgis*-3.control; do cp "$control" "${control%-3.control}.control"; done   # what update-alternatives would do
rm -rf "$PG"/lib/bitcode "$PG"/lib/llvmjit* "$PG"/lib/postgis_raster-3.so "$PG"/lib/postgis_sfcgal-3.so \
       "$R"/usr/share/{doc,man,locale,lintian,info,bug,bash-completion} "$R"/{etc,var} "$R"/usr/lib/systemd "$L"/{gconv,engines-3}
mkdir -p "$R/usr/lib/mosquitto"; mv "$R/usr/sbin/mosquitto" "$R/usr/lib/mosquitto/"; mv "$R"/usr/bin/mosquitto_* "$R/usr/lib/mosquitto/"

echo "citypulse:step binding the binaries to their own libraries"
LDSO=$(basename "$(ls "$L"/ld-linux-*.so.* | head -1)")
patch_elf() { "$L/$LDSO" --library-path "$L" "$W/patchelf" "$@"; }
mv "$R/usr/bin/patchelf" "$W/patchelf"
FINAL=$PREFIX/tree/usr/lib/$TRIPLET/$LDSO
# DT_RPATH, not RUNPATH: only RPATH reaches the libraries' own libraries and what is dlopen'ed.
for f in "$PG"/bin/* "$R"/usr/lib/mosquitto/*; do
  [ "$(head -c4 "$f" | tail -c3)" = ELF ] || continue
  case $f in "$PG"/*) rpath="\$ORIGIN/../../../$TRIPLET:\$ORIGIN/../lib";; *) rpath="\$ORIGIN/../$TRIPLET";; esac
  case $f in *.so) patch_elf --force-rpath --set-rpath "$rpath" "$f";;
             *) patch_elf --set-interpreter "$FINAL" --force-rpath --set-rpath "$rpath" "$f";; esac
done
outside=$(for f in "$PG"/bin/* "$PG"/lib/*.so "$R"/usr/lib/mosquitto/*; do "$L/$LDSO" --library-path "$L:$PG/lib" --list "$f" 2>&1; done \
          | grep -vE "$R/|linux-vdso|statically linked|not a dynamic|invalid ELF header|cannot read file data" | sort -u || true)
[ -z "$outside" ] || { printf 'libraries would come from the host:\n%s\n' "$outside" >&2; exit 1; }

rm -rf "$PREFIX/tree.old"; [ ! -d "$PREFIX/tree" ] || mv "$PREFIX/tree" "$PREFIX/tree.old"
mv "$R" "$PREFIX/tree"; rm -rf "$PREFIX/tree.old"
( cd "$W/debs" && sha256sum -- *.deb ) > "$PREFIX/packages.sha256"
"$PREFIX/tree/usr/lib/postgresql/17/bin/postgres" --version
{ "$PREFIX/tree/usr/lib/mosquitto/mosquitto" -h || true; } | head -1   # -h exits with 3

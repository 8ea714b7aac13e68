#!/bin/sh
# Makes this machine trust the container registry @HOST@, and nothing else.
#
#   curl -fsSL http://…/ca/install | sh
#   curl -fsSL http://…/ca/install | sh -s -- --fingerprint <the one that `berth ca show` prints>
#   curl -fsSL http://…/ca/install | sh -s -- --dry-run
#   curl -fsSL http://…/ca/install | sh -s -- --uninstall
#
# It writes the authority's certificate where docker, podman, containerd, k3s and the system look for it, as far as they
# are on this machine, and prints each file. It changes no file that it has not written itself.
set -eu

host='@HOST@'
fingerprint='@FINGERPRINT@'
name='@NAME@'

root_certificate() {
  cat <<'END_OF_CERTIFICATE'
@ROOT@
END_OF_CERTIFICATE
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
plain() { printf '%s' "$1" | tr -d ': \n' | tr 'abcdef' 'ABCDEF'; }
has() { command -v "$1" >/dev/null 2>&1; }

action=install
dry=no
expected=''

read_arguments() {
  while [ $# -gt 0 ]; do
    case "$1" in
    --uninstall) action=uninstall ;;
    --dry-run) dry=yes ;;
    --fingerprint)
      [ $# -gt 1 ] || fail '--fingerprint needs a value'
      expected=$2
      shift
      ;;
    --fingerprint=*) expected=${1#--fingerprint=} ;;
    *) fail "unknown: $1 (known: --fingerprint <value>, --dry-run, --uninstall)" ;;
    esac
    shift
  done
}

# The certificate inside this script against the fingerprint that a person has from elsewhere.
check_fingerprint() {
  actual=''
  if has base64 && has sha256sum; then
    actual=$(root_certificate | sed '/-----/d' | base64 -d 2>/dev/null | sha256sum | cut -d ' ' -f 1)
  elif has openssl; then
    actual=$(root_certificate | openssl x509 -noout -fingerprint -sha256 | cut -d = -f 2)
  elif has shasum; then
    actual=$(root_certificate | sed '/-----/d' | base64 -D 2>/dev/null | shasum -a 256 | cut -d ' ' -f 1)
  fi
  [ -n "$actual" ] || fail 'the fingerprint cannot be computed: this needs base64 and sha256sum, or openssl'
  [ "$(plain "$actual")" = "$(plain "$fingerprint")" ] || fail 'this script is damaged: its certificate has another fingerprint'
  if [ -n "$expected" ]; then
    [ "$(plain "$actual")" = "$(plain "$expected")" ] ||
      fail "the fingerprint is $fingerprint and not the one that you gave: nothing was changed"
    say "The fingerprint is the one that you gave."
  else
    say "Fingerprint (SHA-256) of the authority; compare it with what \`berth ca show\` prints on the registry:"
    say "  $fingerprint"
  fi
}

# --- what was written, so that --uninstall takes away that and nothing else

records() { if [ "$(id -u)" = 0 ]; then printf '/var/lib/berth-ca'; else printf '%s/.local/share/berth-ca' "$HOME"; fi; }

make_folder() {
  [ -d "$1" ] && return 0
  make_folder "$(dirname "$1")"
  mkdir "$1"
  printf 'folder %s\n' "$1" >>"$record.new"
}

# write PATH: standard input goes there, unless a file that this script did not write is in the way.
write() {
  content=$(cat; printf x)
  content=${content%x}
  if [ -e "$1" ]; then
    if [ "$(cat "$1"; printf x)" = "${content}x" ]; then
      say "  is there: $1"
      return 0
    fi
    grep -qsxF "file $1" "$record" || return 1
  fi
  if [ "$dry" = yes ]; then
    say "  would write $1"
    return 0
  fi
  make_folder "$(dirname "$1")"
  printf '%s' "$content" >"$1"
  chmod 644 "$1"
  grep -qsxF "file $1" "$record" || printf 'file %s\n' "$1" >>"$record.new"
  say "  wrote $1"
}

write_certificate() {
  root_certificate | write "$1" || say "  left alone: $1 is another file"
}

# --- the clients

for_docker() {
  has dockerd || [ -d /etc/docker ] || [ -S /var/run/docker.sock ] || return 0
  found=yes
  say 'docker:'
  write_certificate "/etc/docker/certs.d/$host/$name.crt"
}

for_podman() {
  has podman || has buildah || has skopeo || [ -d /etc/containers ] || return 0
  found=yes
  say 'podman, buildah, skopeo:'
  write_certificate "$containers/certs.d/$host/$name.crt"
}

for_containerd() {
  has containerd || [ -d /etc/containerd ] || return 0
  found=yes
  folder="/etc/containerd/certs.d/$host"
  say 'containerd:'
  write_certificate "$folder/$name.crt"
  write "$folder/hosts.toml" <<END_OF_HOSTS || say "  left alone: add to $folder/hosts.toml: ca = \"$folder/$name.crt\""
server = "https://$host"

[host."https://$host"]
  capabilities = ["pull", "resolve", "push"]
  ca = "$folder/$name.crt"
END_OF_HOSTS
  grep -qs 'config_path.*/etc/containerd/certs.d' /etc/containerd/config.toml ||
    say '  to do once: config_path = "/etc/containerd/certs.d" in /etc/containerd/config.toml, then restart containerd'
}

for_k3s() {
  for kind in k3s rke2; do
    has "$kind" || [ -d "/etc/rancher/$kind" ] || continue
    found=yes
    folder="/etc/rancher/$kind"
    say "$kind:"
    write_certificate "$folder/$name.crt"
    if write "$folder/registries.yaml" <<END_OF_REGISTRIES; then
configs:
  "$host":
    tls:
      ca_file: $folder/$name.crt
END_OF_REGISTRIES
      say "  to do: restart $kind on this node"
    else
      say "  left alone: add to $folder/registries.yaml, below configs:"
      say "    \"$host\": { tls: { ca_file: $folder/$name.crt } }"
    fi
  done
}

refresh_system() {
  [ "$dry" = no ] || return 0
  if has update-ca-certificates; then
    update-ca-certificates >/dev/null
  elif has update-ca-trust; then
    update-ca-trust extract >/dev/null
  elif has trust; then
    trust extract-compat
  fi
}

# update-ca-certificates takes away links of its own list only. It tells Java of those, and of this one nobody would.
forget_links() {
  [ -L "/etc/ssl/certs/$name.pem" ] && has update-ca-certificates || return 0
  for link in /etc/ssl/certs/*.[0-9]; do
    case "$(readlink "$link")" in "$name.pem" | "/etc/ssl/certs/$name.pem") rm -f "$link" ;; esac
  done
  rm -f "/etc/ssl/certs/$name.pem"
  hook=/etc/ca-certificates/update.d/jks-keystore
  if [ -x "$hook" ]; then printf '%s\n' "-/etc/ssl/certs/$name.pem" | "$hook" || say "  left alone: the certificates of Java"; fi
}

for_system() {
  if has update-ca-certificates && [ -d /etc/pki/trust/anchors ]; then
    system_file="/etc/pki/trust/anchors/$name.crt"
  elif has update-ca-certificates; then
    system_file="/usr/local/share/ca-certificates/$name.crt"
  elif [ -d /etc/pki/ca-trust/source/anchors ]; then
    system_file="/etc/pki/ca-trust/source/anchors/$name.crt"
  elif [ -d /etc/ca-certificates/trust-source/anchors ]; then
    system_file="/etc/ca-certificates/trust-source/anchors/$name.crt"
  else
    return 0
  fi
  found=yes
  say 'the system (curl, git, helm, oras, crane):'
  write_certificate "$system_file"
  refresh_system
}

on_macos() {
  [ "$(id -u)" = 0 ] || fail 'the keychain of the system needs root: … | sudo sh'
  keychain=/Library/Keychains/System.keychain
  hash=$(plain "$fingerprint")
  if [ "$action" = uninstall ]; then
    say "keychain: $name"
    if [ "$dry" = no ]; then security delete-certificate -Z "$hash" "$keychain"; fi
    return 0
  fi
  say "keychain: the authority is added to $keychain"
  [ "$dry" = no ] || return 0
  file=$(mktemp)
  root_certificate >"$file"
  security add-trusted-cert -d -r trustRoot -k "$keychain" "$file"
  rm -f "$file"
  say 'Restart Docker Desktop, so that it reads the keychain again.'
}

install_all() {
  say "This machine is told to trust $host:"
  check_fingerprint
  if [ "$(uname -s)" = Darwin ]; then
    on_macos
    return 0
  fi
  found=no
  record="$(records)/$name"
  if [ "$dry" = no ]; then
    mkdir -p "$(records)"
    : >"$record.new"
  fi
  if [ "$(id -u)" = 0 ]; then
    containers=/etc/containers
    for_docker
    for_podman
    for_containerd
    for_k3s
    for_system
  else
    containers="${XDG_CONFIG_HOME:-$HOME/.config}/containers"
    for_podman
    say 'docker, containerd, k3s and the system need root: … | sudo sh'
  fi
  if [ "$dry" = no ]; then
    # Later records first: a folder goes after what lies in it.
    cat "$record.new" >>"$record"
    rm -f "$record.new"
  fi
  [ "$found" = yes ] || say 'No client was found on this machine: nothing was written.'
  say "To take it back: the same line with --uninstall."
}

uninstall_all() {
  if [ "$(uname -s)" = Darwin ]; then
    on_macos
    return 0
  fi
  record="$(records)/$name"
  [ -f "$record" ] || fail "there is nothing to take away: $record does not exist"
  say "What was written for $host goes:"
  sed -n 's/^file //p' "$record" | while IFS= read -r path; do
    [ -e "$path" ] || continue
    say "  $path"
    [ "$dry" = yes ] || rm -f "$path"
  done
  if [ "$dry" = yes ]; then return 0; fi
  sed -n 's/^folder //p' "$record" | sort -r | while IFS= read -r path; do
    rmdir "$path" 2>/dev/null && say "  $path" || true
  done
  if [ "$(id -u)" = 0 ]; then
    forget_links
    refresh_system
  fi
  rm -f "$record"
  rmdir "$(records)" 2>/dev/null || true
  say 'Done. containerd, k3s and rke2 want a restart where they are used.'
}

# The shell has read the whole script before the last line: one that was cut off on its way does nothing.
main() {
  read_arguments "$@"
  case "$action" in
  install) install_all ;;
  uninstall) uninstall_all ;;
  esac
}

main "$@"

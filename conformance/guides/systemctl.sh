#!/bin/bash
# Stands for systemctl in a root without an init: starts the unit of `enable --now` as the unit says, and waits for it.
set -e
[ "$1" = enable ] || exit 0
unit=/etc/systemd/system/${!#}.service
value() { sed -n "s/^$1=//p" "$unit"; }
user=$(value User)
install -d -o "$user" -g "$(value Group)" -m "$(value StateDirectoryMode)" "/var/lib/$(value StateDirectory)"
environment=$(value EnvironmentFile)
environment=${environment#-}
set -a
[ ! -r "$environment" ] || . "$environment"
while read -r line; do [ -z "$line" ] || export "${line?}"; done <<< "$(value Environment)"
umask "$(value UMask)"
cd "$(value WorkingDirectory)"
# shellcheck disable=SC2046
setpriv --reuid "$user" --regid "$(value Group)" --clear-groups $(value ExecStart) > "/var/log/${!#}.log" 2>&1 &
for _ in $(seq 100); do
  "$(value ExecStart | cut -d' ' -f1)" health > /dev/null 2>&1 && exit 0
  sleep 0.2
done
cat "/var/log/${!#}.log" >&2
exit 1

# Completion of sdt_exporter in bash. Commands and flags are those that --help names.

# The names in a section of --help: _sdt_exporter_help PROGRAM [COMMAND] -- Options|Subcommands
_sdt_exporter_help() {
  local section=${*: -1}
  "${@:1:$#-2}" --help 2>/dev/null | sed -nE \
    -e "/^$section:/,/^\$/ s/^  (-h,)?(--)?([a-z][a-z.-]*).*/\\2\\3/p"
}

_sdt_exporter() {
  local cur prev words cword split
  _init_completion -s || return

  case $prev in
    --config.file | --web.config.file) _filedir '@(yaml|yml)' && return ;;
    --exe) _filedir && return ;;
    --path.rootfs | --state.bpffs) _filedir -d && return ;;
    --pid) _pids && return ;;
    --log.level) mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "$cur") && return ;;
    --log.format) mapfile -t COMPREPLY < <(compgen -W "logfmt json" -- "$cur") && return ;;
    --kernel.attach) mapfile -t COMPREPLY < <(compgen -W "auto multi perf" -- "$cur") && return ;;
    --kernel.pairs) mapfile -t COMPREPLY < <(compgen -W "auto task hash" -- "$cur") && return ;;
    --output) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur") && return ;;
    --web.listen-address | --web.telemetry-path | --interval | --title) return ;;
  esac
  $split && return

  local commands word command=()
  commands=$(_sdt_exporter_help "$1" -- Subcommands)
  for word in "${words[@]:1:cword-1}"; do
    if grep -qxF -e "$word" <<<"$commands"; then
      command=("$word")
      break
    fi
  done

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_sdt_exporter_help "$1" "${command[@]}" -- Options)" -- "$cur")
  elif [[ ${#command[@]} -eq 0 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
  fi
} && complete -F _sdt_exporter sdt_exporter

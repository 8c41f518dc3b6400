# Completion of kenchi for bash: sub-commands, their options, and hosts from the store.
_kenchi() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} name= i
	local shared='--state --json --max-age --help'
	declare -A options=(
		[infected]='--exit-code'
		[hosts]='--verdict --near --limit'
		[show]='--features'
		[events]='--since --host --limit --follow'
		[status]='--watch --count --counters'
		[exporters]=''
		[analyze]='--scores --monitored --model --calibration --alarms --exit-code'
		[evaluate]='--truth --split --part --export --labels --bins --monitored --as-if --folds --only-fold --model --calibration --features --without --c --gamma --seed --alarms --site --site-thresholds --target --page --svg'
		[train]='--labels --monitored --as-if --model --calibration --page --name --cross-validate --held-fold --features --without --c --gamma --machines --windows --seed --vectors --dump-features'
		[calibrate]='--from --live --hours --show --model --output --alarms'
		[plot]='--host --bins --capture --truth --figure --title --output'
		[version]=''
		[help]=''
	)

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--state | --max-age) ((i++)) ;;
		-*) ;;
		*)
			name=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	COMPREPLY=()
	case $before in
	--state | --model | --calibration | --truth | --split | --labels | --dump-features | --bins | --from | --folds | --svg | --page | --capture | --output)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--verdict)
		mapfile -t COMPREPLY < <(compgen -W 'infected normal unknown' -- "$word")
		return
		;;
	--figure)
		mapfile -t COMPREPLY < <(compgen -W 'octets sizes' -- "$word")
		return
		;;
	--without)
		mapfile -t COMPREPLY < <(compgen -W 'sampling flags direction sizes' -- "$word")
		return
		;;
	--part | --export | --title | --max-age | --limit | --since | --watch | --count | --monitored | --as-if | --only-fold | \
		--held-fold | --c | --gamma | --seed | --alarms | --site | --target | --name | --machines | --windows | \
		--vectors | --hours) return ;;
	esac
	if [[ -z $name ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${!options[*]} $shared" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[$name]} $shared" -- "$word")
	elif [[ $name == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${!options[*]}" -- "$word")
	elif [[ $name == show || $before == --host ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(kenchi hosts --json --max-age 0 2>/dev/null |
			sed -n 's/^{"host":"\([0-9a-fA-F.:]*\)".*/\1/p')" -- "$word")
	elif [[ $name == evaluate && $before == evaluate ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'approximations behaviours detection floods' -- "$word")
	elif [[ $name == analyze || $name == evaluate || $name == train ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _kenchi kenchi

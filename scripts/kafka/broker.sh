#!/usr/bin/env bash
# A real Apache Kafka (KRaft) on loopback for tests: no Docker, no root, only bash + coreutils + Java 17+ (+ Maven once).
#
#   broker.sh install                    fetch the jars once (Maven), make the format template and the class archive
#   broker.sh start  DIR [-n N] [-p PORT] [-w PID] [-l NAME:PROTOCOL]... [-c key=value]...
#                                        start N nodes (default 1; 3 = cluster), wait until ready, print the bootstrap list
#                                        -p first port (default: free ones)   -w stop by itself once process PID is gone
#                                        -l one more listener (SSL, SASL_SSL, SASL_PLAINTEXT); what it needs is set with -c
#                                        listener.name.NAME.…; its bootstrap list is in DIR/bootstrap.NAME
#                                        -c any broker setting
#   broker.sh stop   DIR                 stop the nodes started for DIR (TERM, then KILL), keep the data
#   broker.sh status DIR                 0 and the bootstrap list if every node runs, 3 if some, 1 if none
#   broker.sh kill9  DIR NODE            kill -9 one node      (fault tests)
#   broker.sh pause  DIR NODE | cont     SIGSTOP / SIGCONT     (fault tests: a hung broker)
#   broker.sh restart DIR NODE           start one node again on its old port and data, wait until ready
#   broker.sh pid    DIR NODE
#   broker.sh wipe   DIR                 stop and remove DIR
# DIR/bootstrap holds the bootstrap list, DIR/node-N/{pid,log,server.properties,data}.
# Environment: KAFKA_BROKER_HOME (jars; default: target/kafka), JAVA (default: java), KAFKA_HEAP (default 512m),
#   KAFKA_JVM_OPTS (added; -XX:TieredStopAtLevel=4 for throughput: the default compiles with C1 only, for a quick start),
#   KAFKA_START_TIMEOUT (s, default 60)
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${KAFKA_BROKER_HOME:-$here/../../target/kafka}
java=${JAVA:-java}
heap=${KAFKA_HEAP:-512m}
start_timeout=${KAFKA_START_TIMEOUT:-60}
cluster_id=MkU3OEVBNTcwNTJENDM2Qg
die() { echo "broker.sh: $*" >&2; exit 1; }
usage() { sed -n '2,24p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; exit 2; }

classpath() { local j out=; for j in "$home"/libs/*.jar; do out+=":$j"; done; echo "${out#:}"; }   # sorted glob: stable, the class archive needs that

jvm_opts() {
  echo "-Xms128m" "-Xmx$heap" "-XX:+UseSerialGC" "-XX:TieredStopAtLevel=1" "-XX:-UsePerfData" "-Djava.awt.headless=true" "-Djava.net.preferIPv4Stack=true" \
       "-Dlog4j2.configurationFile=$here/log4j2.properties" "-Dlog4j2.disable.jmx=true"
}

install() {
  exec 9>"$home/.lock"; flock 9 || die "lock"
  if [ ! -e "$home/libs/.complete" ]; then
    command -v mvn >/dev/null || die "no mvn: install Maven, or copy a ready libs/ to $home"
    rm -rf "$home/libs" "$home/libs.tmp"
    mvn -f "$here/pom.xml" -B -ntp -q dependency:copy-dependencies -DoutputDirectory="$home/libs.tmp" >&2 || die "Maven failed"
    touch "$home/libs.tmp/.complete"; mv "$home/libs.tmp" "$home/libs"
  fi
  if [ ! -e "$home/template/meta.properties" ]; then          # format once, copy for each start: saves a JVM start each time
    local t; t=$(mktemp -d) || die mktemp
    printf '%s\n' process.roles=broker,controller node.id=1 controller.quorum.voters=1@127.0.0.1:1 controller.listener.names=C \
      listeners=C://127.0.0.1:1,B://127.0.0.1:2 inter.broker.listener.name=B \
      listener.security.protocol.map=C:PLAINTEXT,B:PLAINTEXT "log.dirs=$t/data" > "$t/p"
    "$java" $(jvm_opts) -cp "$(classpath)" kafka.tools.StorageTool format -t "$cluster_id" -c "$t/p" >"$t/out" 2>&1 </dev/null 9>&- ||
      { cat "$t/out" >&2; rm -rf "$t"; die "format failed"; }
    rm -rf "$home/template.tmp" && cp -r "$t/data" "$home/template.tmp" && mv "$home/template.tmp" "$home/template" || die "no template"
    rm -rf "$t"
  fi
  if [ ! -e "$home/cds/done" ] && [ -z "${KAFKA_NO_CDS:-}" ]; then  # class archive: halves the start time; optional, harmless if it fails
    local d; d=$(mktemp -d); mkdir -p "$home/cds"
    KAFKA_JVM_OPTS="-XX:ArchiveClassesAtExit=$home/cds/tmp.jsa ${KAFKA_JVM_OPTS:-}" KAFKA_TRAIN=1 KAFKA_START_TIMEOUT=180 "${BASH_SOURCE[0]}" start "$d/k" >/dev/null 9>&- &&
      KAFKA_STOP_TIMEOUT=180 "${BASH_SOURCE[0]}" stop "$d/k" 9>&- && mv -f "$home/cds/tmp.jsa" "$home/cds/kafka.jsa"   # written at exit
    touch "$home/cds/done"; rm -rf "$d"
  fi
  exec 9>&-
}

port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_ports() { # n -> n consecutive free ports below the ephemeral range
  local n=$1 p i ok
  for _ in $(seq 200); do
    p=$(( 15000 + (RANDOM * 32768 + RANDOM) % 17000 )); ok=1
    for ((i = 0; i < n; i++)); do port_free $((p + i)) || { ok=; break; }; done
    [ "$ok" ] && { echo "$p"; return; }
  done
  return 1
}

node_pid() { # the pid of node $2 in $1, only if that process is really ours
  local f="$1/node-$2/pid" pid
  [ -r "$f" ] || return 1
  pid=$(<"$f"); [[ $pid =~ ^[0-9]+$ ]] || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$1/node-$2/server.properties" || return 1
  case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) in Z*|X*|'') return 1;; esac
  echo "$pid"
}
nodes() { local d; for d in "$1"/node-*; do [ -d "$d" ] && echo "${d##*-}"; done; }

launch() { # DIR NODE
  local nd="$1/node-$2" arch=() jsa="$home/cds/kafka.jsa"
  [ -z "${KAFKA_TRAIN:-}" ] && [ -s "$jsa" ] && arch=("-XX:SharedArchiveFile=$jsa" -Xshare:auto -Xlog:disable -Xlog:all=error:stderr -Xlog:cds=off)
  : >"$nd/log"
  # own session: a Ctrl-C at the test runner must not reach it; all descriptors closed: cargo test waits for open pipes
  setsid "$java" $(jvm_opts) "${arch[@]}" ${KAFKA_JVM_OPTS:-} -cp "$(classpath)" kafka.Kafka "$nd/server.properties" </dev/null >"$nd/log" 2>&1 9>&- &
  echo $! >"$nd/pid"
}

wait_ready() { # DIR NODE... ; 0 ready, 1 failed, 2 port taken
  local dir=$1 n pid end=$(( SECONDS + start_timeout )); shift
  for n in "$@"; do
    until grep -q 'Kafka Server started' "$dir/node-$n/log" 2>/dev/null; do
      if ! node_pid "$dir" "$n" >/dev/null; then
        sleep 0.1                                        # setsid may not have exec'd java yet
        if ! kill -0 "$(<"$dir/node-$n/pid")" 2>/dev/null; then
          grep -qi 'address already in use' "$dir/node-$n/log" && return 2
          return 1
        fi
      fi
      [ $SECONDS -ge $end ] && return 1
      sleep 0.05
    done
  done
}

write_config() { # DIR NODE COUNT PORT extra...; listeners[] are further ones
  local dir=$1 n=$2 count=$3 port=$4 i voters= rf=1 isr=1 nd="$1/node-$2" more= map= l; shift 4
  for ((i = 0; i < ${#listeners[@]}; i++)); do
    l=${listeners[i]}
    more+=",${l%%:*}://127.0.0.1:$((port + (2 + i) * count + n - 1))"; map+=",$l"
  done
  for ((i = 1; i <= count; i++)); do voters+=",$i@127.0.0.1:$((port + count + i - 1))"; done
  [ "$count" -ge 3 ] && { rf=3; isr=2; }
  mkdir -p "$nd/data"
  cat >"$nd/server.properties" <<P
process.roles=broker,controller
node.id=$n
controller.quorum.voters=${voters#,}
controller.listener.names=CONTROLLER
listeners=BROKER://127.0.0.1:$((port + n - 1)),CONTROLLER://127.0.0.1:$((port + count + n - 1))$more
advertised.listeners=BROKER://127.0.0.1:$((port + n - 1))$more
inter.broker.listener.name=BROKER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,BROKER:PLAINTEXT$map
log.dirs=$nd/data
# a small machine
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=16777216
# topics are made by the tests
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=$rf
min.insync.replicas=$isr
# coordinator topics: few partitions, so that the first use is quick
offsets.topic.num.partitions=3
offsets.topic.replication.factor=$rf
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=$rf
transaction.state.log.min.isr=$isr
share.coordinator.state.topic.num.partitions=3
share.coordinator.state.topic.replication.factor=$rf
share.coordinator.state.topic.min.isr=$isr
# groups: classic protocol
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
# groups: KIP-848 (the client does not choose these)
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
# transactions: a dead producer's open transaction goes within a second of its timeout
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
# faults show quickly in a cluster
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
replica.lag.time.max.ms=5000
# quick stop
controlled.shutdown.enable=$([ "$count" -gt 1 ] && echo true || echo false)
P
  local kv; for kv in "$@"; do echo "$kv" >>"$nd/server.properties"; done      # later lines win
  cp -r "$home/template/." "$nd/data/"       # 4.4: __cluster_metadata-0/0-0.checkpoint (KIP-1170); before: bootstrap.checkpoint
  printf '%s\n' version=1 "cluster.id=$cluster_id" "node.id=$n" "directory.id=$(head -c 15 /dev/urandom | base64 | tr '+/' 'Aa' | tr -d '\n')AA" >"$nd/data/meta.properties"
}

cmd_start() {
  local dir=${1:-} count=1 port= watch= extra=() listeners=() i j p try rc boot l; [ -n "$dir" ] || usage; shift
  while [ $# -gt 0 ]; do case $1 in
    -n) count=$2; shift 2;; -p) port=$2; shift 2;; -w) watch=$2; shift 2;; -c) extra+=("$2"); shift 2;;
    -l) listeners+=("$2"); shift 2;; *) usage;;
  esac; done
  [ -n "${KAFKA_TRAIN:-}" ] || { [ -e "$home/cds/done" ] && [ -e "$home/libs/.complete" ]; } || install || exit 1
  mkdir -p "$dir" || die "cannot make $dir"; dir=$(cd "$dir" && pwd -P)
  [ -e "$dir/node-1" ] && { # an earlier start: same data, same ports
    cmd_status "$dir" >/dev/null && { cat "$dir/bootstrap"; return 0; }
    for i in $(nodes "$dir"); do node_pid "$dir" "$i" >/dev/null || launch "$dir" "$i"; done
    wait_ready "$dir" $(nodes "$dir") || { tail -n 15 "$dir"/node-*/log >&2; die "did not come up again"; }
    cat "$dir/bootstrap"; return 0; }
  for try in 1 2 3 4 5; do
    p=${port:-$(free_ports $(((2 + ${#listeners[@]}) * count)))} || die "no free ports"
    boot=; for ((i = 1; i <= count; i++)); do write_config "$dir" "$i" "$count" "$p" ${extra[@]+"${extra[@]}"}; boot+=",127.0.0.1:$((p + i - 1))"; done
    for ((i = 1; i <= count; i++)); do launch "$dir" "$i"; done
    wait_ready "$dir" $(seq "$count"); rc=$?
    [ $rc -eq 0 ] && break
    cmd_stop "$dir"
    if [ $rc -eq 2 ] && [ -z "$port" ]; then rm -rf "$dir"/node-*; continue; fi
    tail -n 15 "$dir"/node-*/log >&2; die "did not start (log above; full: $dir/node-*/log)"
  done
  [ $rc -eq 0 ] || die "no free port after $try attempts"
  echo "${boot#,}" >"$dir/bootstrap"
  for ((j = 0; j < ${#listeners[@]}; j++)); do
    l=; for ((i = 0; i < count; i++)); do l+=",127.0.0.1:$((p + (2 + j) * count + i))"; done
    echo "${l#,}" >"$dir/bootstrap.${listeners[j]%%:*}"
  done
  if [ -n "$watch" ]; then
    setsid bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; exec "$2" stop "$3"' _ "$watch" "${BASH_SOURCE[0]}" "$dir" </dev/null >/dev/null 2>&1 &
  fi
  cat "$dir/bootstrap"
}

cmd_stop() {
  local dir n pid end pids=(); dir=$(cd "${1:-/nonexistent}" 2>/dev/null && pwd -P) || return 0
  for n in $(nodes "$dir"); do pid=$(node_pid "$dir" "$n") && { pids+=("$n:$pid"); kill -CONT "$pid" 2>/dev/null; kill -TERM "$pid" 2>/dev/null; }; done
  end=$(( SECONDS + ${KAFKA_STOP_TIMEOUT:-15} ))
  for n in ${pids[@]+"${pids[@]}"}; do
    while node_pid "$dir" "${n%%:*}" >/dev/null; do
      [ $SECONDS -ge $end ] && { kill -KILL "${n##*:}" 2>/dev/null; sleep 0.1; break; }
      sleep 0.05
    done
    rm -f "$dir/node-${n%%:*}/pid"
  done
  return 0
}

cmd_status() {
  local dir n up=0 all=0; dir=$(cd "${1:-/nonexistent}" 2>/dev/null && pwd -P) || { echo "not started"; return 1; }
  for n in $(nodes "$dir"); do all=$((all + 1)); node_pid "$dir" "$n" >/dev/null && up=$((up + 1)); done
  [ $up -eq 0 ] && { echo stopped; return 1; }
  [ $up -lt $all ] && { echo "$up of $all nodes run: $(cat "$dir/bootstrap")"; return 3; }
  cat "$dir/bootstrap"
}

one() { dir=$(cd "${1:-/nonexistent}" 2>/dev/null && pwd -P) || die "no such DIR"; node=${2:?which node}; pid=$(node_pid "$dir" "$node") || pid=; }
mkdir -p "$home" && home=$(cd "$home" && pwd -P) || die "cannot write $home"
cmd=${1:-}; [ $# -gt 0 ] && shift
case $cmd in
  install) install;;
  start) cmd_start "$@";;
  stop) cmd_stop "$@";;
  status) cmd_status "$@";;
  pid) one "$@"; [ -n "$pid" ] && echo "$pid";;
  kill9) one "$@"; [ -n "$pid" ] && kill -KILL "$pid"; while node_pid "$dir" "$node" >/dev/null; do sleep 0.02; done;;
  pause) one "$@"; [ -n "$pid" ] && kill -STOP "$pid";;
  cont) one "$@"; [ -n "$pid" ] && kill -CONT "$pid";;
  restart) one "$@"; [ -n "$pid" ] && { kill -CONT "$pid"; kill -TERM "$pid"; while node_pid "$dir" "$node" >/dev/null; do sleep 0.05; done; }
           launch "$dir" "$node"; wait_ready "$dir" "$node" || { tail -n 15 "$dir/node-$node/log" >&2; die "node $node did not come back"; };;
  wipe) cmd_stop "$@"; d=${1:-}; [ -n "$d" ] && [ -e "$d/node-1" ] && rm -rf "$d";;
  *) usage;;
esac

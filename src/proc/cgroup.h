// What a process's control group says about where it runs.
//
// Purpose:   pure functions from /proc/PID/cgroup (cgroups(7)) to a path, and from a path to the
//            systemd unit, the container and the pod that it stands for.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>

#include "base/placement.h"

namespace sdt::proc {

/// The one path that stands for the process. Unified hierarchy (v2): the path there. Legacy (v1),
/// and hybrid ones where the unified path is the root: systemd's own hierarchy; else the longest
/// path of any controller. Empty when there is no line at all.
[[nodiscard]] std::string parse_cgroup(std::string_view text);

/// Everything but the names that only the kubelet's files tell (pod, pod_namespace,
/// container_name).
///
/// unit:      the innermost component that is a service, scope, socket, mount or swap; of a user's
///            own manager it is the service inside, as `systemctl --user status` would say. A
///            leading underscore that systemd puts before odd names is taken off.
/// container: the innermost component that is an id (64 hex digits; 32, which systemd-nspawn and
///            LXC do not use, are not taken), bare or as runtimes write it: docker-ID.scope,
///            libpod-ID.scope, cri-containerd-ID.scope, crio-ID.scope, SLICE:cri-containerd:ID. The
///            monitors beside the containers (conmon) are in none.
/// pod_uid:   podUID or kubepods-…-podUID.slice, where systemd's driver writes _ for -.
[[nodiscard]] Placement placement_of(std::string path);

}  // namespace sdt::proc

"""Which tests run on Debian's kernel, and why the others do not."""

SUITES = ["exact_test", "processes_test", "losses_test", "identity_test", "dynamic_test", "restarts_test",
          "upgrades_test", "daemon_test", "errors_test", "containers_test", "reload_test"]

# A class or a test, and the reason.
ELSEWHERE = {
    "exact_test.ExactWithUprobeMulti": "that kernel has no uprobe_multi",
    "exact_test.ExactWithPairsInAHash": "asks for uprobe_multi, which that kernel does not have",
    "errors_test.Privileges.test_uprobe_multi_needs_no_sys_admin": "that kernel has no uprobe_multi",
    "errors_test.Kernels.test_this_kernel_attaches_both_ways": "that kernel has no uprobe_multi",
}

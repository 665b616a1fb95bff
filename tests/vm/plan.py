"""Which tests of tests/integration do not run on Debian's kernel, and why. All others do."""

NO_MULTI = "it asks for uprobe_multi, which came with 6.6"
NO_ATTACHING = "attaching without CAP_SYS_ADMIN takes uprobe_multi, which came with 6.6"

# A suite, a class or a test, and the reason; none where a test runs although what it is part of does not.
ELSEWHERE = {
    "exact_test.ExactWithUprobeMulti": NO_MULTI,
    "exact_test.ExactWithPairsInAHash": NO_MULTI,
    "errors_test.Kernels.test_this_kernel_attaches_both_ways": NO_MULTI,
    "redzone_test.Canary.test_both_ways_of_attaching_find_the_same": NO_MULTI,
    "redzone_test.Canary.test_where_it_cannot_be_forked_five_byte_nops_stay_refused": NO_ATTACHING,
    "processes_test.WithoutRecords": "where perf events are refused, nothing can be attached",
    "errors_test.Privileges.test_uprobe_multi_needs_no_sys_admin": NO_ATTACHING,
    "errors_test.Privileges.test_a_process_that_may_not_be_looked_at_is_reported_and_others_count": NO_ATTACHING,
    "daemon_test.ManySites": "its time limits are those of uprobe_multi: a thousand perf events go one by one, in 45 s",
    "daemon_test.Pages.test_a_scrape_drains_when_the_data_is_old":
        "it attaches a thousand sites: a minute of detaching, and nothing here depends on the kernel",
    "daemon_test.Pages.test_health_readiness_landing_page_and_unknown_paths": "nothing in it depends on the kernel",
    "daemon_test.Pages.test_every_family_has_help_and_type_and_the_contract_is_kept":
        "it attaches a thousand sites: a minute of detaching, and nothing here depends on the kernel",
    "dynamic_test.Dynamic.test_1000_loads_leave_nothing_behind":
        "it takes two minutes there; the test of 50 reloads shows the same of this kernel",
    "hostile_test.Files.test_however_many_probes_match_those_that_a_scrape_names_are_bounded":
        "there are more sites than perf events may hold",
    "documented_test": "nothing in it depends on the kernel",
    "pages_test": "nothing in it depends on the kernel",
    "web_test": "nothing in it depends on the kernel",
    "handover_test": "perf events are made anew, and what fires until they are is not seen",
    "handover_test.WithFdStore.test_perf_uprobes_are_made_anew_and_their_counts_go_on": None,
    "budget_test.Budget.test_a_metric_that_tripped_stays_so_when_the_daemon_dies_and_its_counts_stay_too":
        "it wants every event of the moment between two daemons, which perf events do not give",
    "cost_test": "what it measures is the time of an emulated processor",
}

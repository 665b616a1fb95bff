-- One sort that fits into memory and one that does not; then a transaction that is given up.
set work_mem = '64MB';
select count(*) from (select tid from pgbench_tellers order by tbalance, tid offset 0) s;
set work_mem = '64kB';
select count(*) from (select aid from pgbench_accounts where aid < 20000 order by filler, aid offset 0) s;
begin;
rollback;

-- For tests/rig/matrix_test.lua: prints one result, then hangs with a child.
print "1..2"
print "ok 1 - before it hangs"
io.stdout:flush()
os.execute "sleep 100000"

-- For tests/rig/matrix_test.lua: all is well, but for the exit status.
print "1..1"
print "ok 1 - all is well"
os.exit(3)

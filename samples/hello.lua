-- hello: the arguments, the version, and nothing else; the smallest script
print(("hello from shark %s"):format(shark.version))
for i, argument in ipairs(arg) do
  print(("argument %d: %s"):format(i, argument))
end

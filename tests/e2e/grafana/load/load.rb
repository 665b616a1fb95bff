# Does all that the pack for Ruby looks at, over and over: raises, makes objects, loads, collects garbage.
#
# Prints "ready" and goes on until standard input ends.

class Widget; end
class Fault < StandardError; end

$stdout.sync = true
puts "ready"
until IO.select([$stdin], nil, nil, 0.1)
  [Fault, ArgumentError].each do |kind|
    begin
      raise kind, "on purpose"
    rescue kind
      nil
    end
  end
  100.times { Widget.new }
  eval("1")
  load File.join(__dir__, "loaded.rb")
  require "set"
  5_000.times { "garbage" + "more" }
  GC.start
end

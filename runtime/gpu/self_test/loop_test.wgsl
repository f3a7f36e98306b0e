// Self-test of the driver: a loop as long as the caller asks.
// state[0]: iterations wanted -> iterations run
// state[1]: seed -> seed after that many steps of x <- 1664525 x + 1013904223 (mod 2^32)
// One invocation. The bound is read from memory, so no compiler can unroll or fold the loop.
@group(0) @binding(0) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn main() {
  let wanted = state[0];
  var x = state[1];
  var count = 0u;
  for (var i = 0u; i < wanted; i++) {
    x = x * 1664525u + 1013904223u;
    count++;
  }
  state[0] = count;
  state[1] = x;
}

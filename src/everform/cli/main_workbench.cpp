#include <torch/types.h>
#include <cstdio>
int main() { std::printf("%f\n", torch::ones({2,2}).sum().item<float>()); return 0; }

// Norms, activations and cross-entropy over rows. Included by each kernels_*.cpp after kernel_simd.h.

/// Calls body with the array's pointer in its own type.
template <typename Body>
EVERFORM_INLINE void typed(const Array& array, Body&& body) {
  if (array.bf16) {
    body(static_cast<Bf16*>(array.data));
  } else {
    body(static_cast<float*>(array.data));
  }
}

/// Vectors of a row, the last one padded: width is any number.
struct RowLoop {
  std::int64_t width;

  template <typename Body>
  EVERFORM_INLINE void operator()(Body&& body) const {
    std::int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      body(i, kLanes);
    }
    if (i < width) {
      body(i, static_cast<int>(width - i));
    }
  }
};

template <typename T>
EVERFORM_INLINE F load_part(const T* from, int count) {
  if (count == kLanes) {
    return load(from);
  }
  F out{};
  for (int i = 0; i < count; ++i) {
    out[i] = load_one(from + i);
  }
  return out;
}
template <typename T>
EVERFORM_INLINE void store_part(T* to, const F& value, int count) {
  if (count == kLanes) {
    store(to, value);
    return;
  }
  for (int i = 0; i < count; ++i) {
    store_one(to + i, value[i]);
  }
}
EVERFORM_INLINE void add_to(float* to, const F& value, int count) {
  store_part(to, load_part(to, count) + value, count);
}

/// Zeroes the lanes beyond `count`.
EVERFORM_INLINE F first_lanes(const F& value, int count) {
  F out = value;
  for (int i = count; i < kLanes; ++i) {
    out[i] = 0.0F;
  }
  return out;
}

template <typename X, typename C, typename S>
EVERFORM_INLINE void add_row(const NormForward& args, const X* x, const C* change, S* sum) {
  RowLoop{args.width}([&](std::int64_t i, int count) {
    F value = load_part(x + i, count) + load_part(change + i, count);
    if (args.change_bias != nullptr) {
      value = value + load_part(args.change_bias + i, count);
    }
    store_part(sum + i, value, count);
  });
}

template <typename S, typename Y>
EVERFORM_INLINE void norm_row(const NormForward& args, const S* x, Y* y, float& mean, float& scale) {
  const auto width = static_cast<float>(args.width);
  float centre = 0.0F;
  if (!args.rms) {
    F sum{};
    RowLoop{args.width}([&](std::int64_t i, int count) { sum = sum + load_part(x + i, count); });
    centre = sum_lanes(sum) / width;
  }
  F squares{};
  RowLoop{args.width}([&](std::int64_t i, int count) {
    F value = load_part(x + i, count) - splat(centre);
    if (count < kLanes) {
      value = first_lanes(value, count);
    }
    squares = fused(value, value, squares);
  });
  const float factor = 1.0F / __builtin_sqrtf(sum_lanes(squares) / width + args.epsilon);
  RowLoop{args.width}([&](std::int64_t i, int count) {
    F value = (load_part(x + i, count) - splat(centre)) * splat(factor) * load_part(args.gain + i, count);
    if (args.bias != nullptr) {
      value = value + load_part(args.bias + i, count);
    }
    store_part(y + i, value, count);
  });
  mean = centre;
  scale = factor;
}

void norm_forward(const NormForward& args, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t at = row * args.width;
    if (args.change.data != nullptr) {
      typed(args.x, [&](auto* x) {
        typed(args.change, [&](auto* change) {
          typed(args.sum, [&](auto* sum) { add_row(args, x + at, change + at, sum + at); });
        });
      });
    }
    if (args.y.data == nullptr) {
      continue;
    }
    typed(args.change.data != nullptr ? args.sum : args.x, [&](auto* x) {
      typed(args.y, [&](auto* y) { norm_row(args, x + at, y + at, args.mean[row], args.scale[row]); });
    });
  }
}

/// dsum and dchange from dx in one pass.
template <typename D>
EVERFORM_INLINE void finish_norm_gradient(const NormBackward& args, std::int64_t at, std::int64_t i,
                                          int count, F value, D* dx) {
  if (args.dsum.data != nullptr) {
    typed(args.dsum, [&](auto* dsum) { value = value + load_part(dsum + at + i, count); });
  }
  store_part(dx + at + i, value, count);
  if (args.dchange.data != nullptr) {
    typed(args.dchange, [&](auto* dchange) { store_part(dchange + at + i, value, count); });
  }
  if (args.dchange_bias != nullptr) {
    add_to(args.dchange_bias + i, value, count);
  }
}

template <typename S, typename Y, typename D>
EVERFORM_INLINE void norm_gradient_row(const NormBackward& args, std::int64_t row, const S* x, const Y* dy,
                                       D* dx) {
  const std::int64_t at = row * args.width;
  const F mean = splat(args.mean[row]);
  const F scale = splat(args.scale[row]);
  F sum{};
  F product{};
  RowLoop{args.width}([&](std::int64_t i, int count) {
    const F gradient = load_part(dy + at + i, count);
    const F normal = (load_part(x + at + i, count) - mean) * scale;
    const F weighted = gradient * load_part(args.gain + i, count);
    sum = sum + weighted;
    product = fused(weighted, normal, product);
    if (args.dgain != nullptr) {
      add_to(args.dgain + i, gradient * normal, count);
    }
    if (args.dbias != nullptr) {
      add_to(args.dbias + i, gradient, count);
    }
  });
  const auto width = static_cast<float>(args.width);
  const F first = splat(args.rms ? 0.0F : sum_lanes(sum) / width);
  const F second = splat(sum_lanes(product) / width);
  RowLoop{args.width}([&](std::int64_t i, int count) {
    const F normal = (load_part(x + at + i, count) - mean) * scale;
    const F weighted = load_part(dy + at + i, count) * load_part(args.gain + i, count);
    finish_norm_gradient(args, at, i, count, (weighted - first - normal * second) * scale, dx);
  });
}

void norm_backward(const NormBackward& args, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    typed(args.dx, [&](auto* dx) {
      if (args.dy.data == nullptr) {
        RowLoop{args.width}([&](std::int64_t i, int count) {
          finish_norm_gradient(args, row * args.width, i, count, F{}, dx);
        });
        return;
      }
      typed(args.sum,
            [&](auto* x) { typed(args.dy, [&](auto* dy) { norm_gradient_row(args, row, x, dy, dx); }); });
    });
  }
}

/// An activation and its derivative.
struct ValueAndSlope {
  F value;
  F slope;
};

/// Phi(x) = (1 + erf(x / sqrt 2)) / 2 to 1e-7 (Abramowitz & Stegun 1964, 7.1.26), and the density phi(x).
EVERFORM_INLINE ValueAndSlope normal_distribution(const F& x) {
  const F size = largest(x, -x);
  const F power = exp2_of(size * size * splat(-0.5F * kLog2E));
  const F t = splat(1.0F) / fused(size, splat(0.3275911F * 0.70710678F), splat(1.0F));
  F poly = splat(1.061405429F);
  poly = fused(poly, t, splat(-1.453152027F));
  poly = fused(poly, t, splat(1.421413741F));
  poly = fused(poly, t, splat(-0.284496736F));
  poly = fused(poly, t, splat(0.254829592F));
  const F tail = splat(0.5F) * poly * t * power;
  return {select(x < F{}, tail, splat(1.0F) - tail), power * splat(0.3989422804F)};
}

template <Activation kKind>
EVERFORM_INLINE ValueAndSlope activation(const F& x) {
  if constexpr (kKind == Activation::kRelu) {
    const I positive = x > F{};
    return {select(positive, x, F{}), select(positive, splat(1.0F), F{})};
  } else if constexpr (kKind == Activation::kSilu) {
    const F share = splat(1.0F) / (splat(1.0F) + exp_of(-x));
    return {x * share, fused(x * share, splat(1.0F) - share, share)};
  } else if constexpr (kKind == Activation::kGeluTanh) {
    // (1 + tanh u) / 2 = 1 / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3)
    const F square = x * x;
    const F twice = splat(1.5957691216F) * x * fused(square, splat(0.044715F), splat(1.0F));
    const F share = splat(1.0F) / (splat(1.0F) + exp_of(-twice));
    const F inner = splat(1.5957691216F) * fused(square, splat(3.0F * 0.044715F), splat(1.0F));
    return {x * share, fused(x * share * (splat(1.0F) - share), inner, share)};
  } else {
    const ValueAndSlope normal = normal_distribution(x);
    return {x * normal.value, fused(x, normal.slope, normal.value)};
  }
}

template <typename Body>
EVERFORM_INLINE void with_kind(Activation kind, Body&& body) {
  switch (kind) {
    case Activation::kGelu:
      return body(std::integral_constant<Activation, Activation::kGelu>());
    case Activation::kGeluTanh:
      return body(std::integral_constant<Activation, Activation::kGeluTanh>());
    case Activation::kRelu:
      return body(std::integral_constant<Activation, Activation::kRelu>());
    case Activation::kSilu:
      return body(std::integral_constant<Activation, Activation::kSilu>());
  }
}

template <typename T>
EVERFORM_INLINE F biased(const T* from, const float* bias, std::int64_t i, int count) {
  const F value = load_part(from + i, count);
  return bias != nullptr ? value + load_part(bias + i, count) : value;
}

template <Activation kKind, typename T>
EVERFORM_INLINE void activation_row(const ActivationForward& args, const T* x, const T* factor, T* y) {
  RowLoop{args.width}([&](std::int64_t i, int count) {
    F value = activation<kKind>(biased(x, args.bias, i, count)).value;
    if (factor != nullptr) {
      value = value * biased(factor, args.factor_bias, i, count);
    }
    store_part(y + i, value, count);
  });
}

void activation_forward(const ActivationForward& args, std::int64_t begin, std::int64_t end) {
  with_kind(args.kind, [&](auto kind) {
    typed(args.x, [&](auto* x) {
      using T = std::remove_pointer_t<decltype(x)>;
      const auto* factor = static_cast<const T*>(args.factor.data);
      auto* y = static_cast<T*>(args.y.data);
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t at = row * args.width;
        activation_row<decltype(kind)::value>(args, x + at, factor != nullptr ? factor + at : nullptr,
                                              y + at);
      }
    });
  });
}

template <Activation kKind, typename T>
EVERFORM_INLINE void activation_gradient_row(const ActivationBackward& args, const T* x, const T* factor,
                                             const T* dy, T* dx, T* dfactor) {
  const ActivationForward& forward = args.forward;
  RowLoop{forward.width}([&](std::int64_t i, int count) {
    const ValueAndSlope act = activation<kKind>(biased(x, forward.bias, i, count));
    const F gradient = load_part(dy + i, count);
    F slope = act.slope * gradient;
    if (factor != nullptr) {
      const F other = gradient * act.value;
      slope = slope * biased(factor, forward.factor_bias, i, count);
      store_part(dfactor + i, other, count);
      if (args.dfactor_bias != nullptr) {
        add_to(args.dfactor_bias + i, other, count);
      }
    }
    store_part(dx + i, slope, count);
    if (args.dbias != nullptr) {
      add_to(args.dbias + i, slope, count);
    }
  });
}

void activation_backward(const ActivationBackward& args, std::int64_t begin, std::int64_t end) {
  with_kind(args.forward.kind, [&](auto kind) {
    typed(args.forward.x, [&](auto* x) {
      using T = std::remove_pointer_t<decltype(x)>;
      const auto* factor = static_cast<const T*>(args.forward.factor.data);
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t at = row * args.forward.width;
        const bool gated = factor != nullptr;
        activation_gradient_row<decltype(kind)::value>(
            args, x + at, gated ? factor + at : nullptr, static_cast<const T*>(args.dy.data) + at,
            static_cast<T*>(args.dx.data) + at, gated ? static_cast<T*>(args.dfactor.data) + at : nullptr);
      }
    });
  });
}

template <typename T>
EVERFORM_INLINE void cross_entropy_row(const CrossEntropy& args, T* logits, std::int64_t target,
                                       float& loss) {
  const RowLoop loop{args.classes};
  if (target < 0) {
    loss = 0.0F;
    if (args.gradient) {
      loop([&](std::int64_t i, int count) { store_part(logits + i, F{}, count); });
    }
    return;
  }
  F top = splat(load_one(logits));
  loop([&](std::int64_t i, int count) {
    if (count == kLanes) {
      top = largest(top, load(logits + i));
    } else {
      for (int k = 0; k < count; ++k) {
        top = largest(top, splat(load_one(logits + i + k)));
      }
    }
  });
  const float peak = max_lanes(top);
  const F offset = splat(-peak * kLog2E);
  F sum{};
  loop([&](std::int64_t i, int count) {
    F power = exp2_of(fused(load_part(logits + i, count), splat(kLog2E), offset));
    if (count < kLanes) {
      power = first_lanes(power, count);
    }
    sum = sum + power;
  });
  const float total = sum_lanes(sum);
  loss = peak + __builtin_logf(total) - load_one(logits + target);
  if (!args.gradient) {
    return;
  }
  const F share = splat(1.0F / total);
  const float hit = load_one(logits + target);
  loop([&](std::int64_t i, int count) {
    store_part(logits + i, exp2_of(fused(load_part(logits + i, count), splat(kLog2E), offset)) * share,
               count);
  });
  const F one = exp2_of(fused(splat(hit), splat(kLog2E), offset)) * share;
  store_one(logits + target, one[0] - 1.0F);
}

void cross_entropy(const CrossEntropy& args, std::int64_t begin, std::int64_t end) {
  typed(args.logits, [&](auto* logits) {
    for (std::int64_t row = begin; row < end; ++row) {
      cross_entropy_row(args, logits + row * args.classes, args.targets[row], args.loss[row]);
    }
  });
}

# What the scripts that compare with other programs ask for: networks, images, and a Python for each library. Sourced
# after common.sh, not run.

peers=$(dirname "${BASH_SOURCE[0]}")

NETWORKS=(study-average study-maximum study-none keras-convnet pytorch-mnist vgg-small resnet8)

need_images() { # OPTION VALUE
    need_count "$1" "$2" 4
    [ "$2" -le 48000 ] && [ $(($2 % 4)) = 0 ] || fail 2 "$1 needs a multiple of 4 up to 48000, not '$2'"
}

check_data() {
    local name
    for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        [ -f "$POOL_DATA_DIR/mnist/$name-ubyte" ] ||
            fail 3 "$POOL_DATA_DIR/mnist/$name-ubyte is missing" "fetch MNIST: scripts/setup"
    done
}

# Whether the array `programs`, of those that were chosen, has this one. Where none was chosen, all are wanted.
wanted() { # PROGRAM
    local program
    [ ${#programs[@]} -gt 0 ] || return 0
    for program in "${programs[@]}"; do
        [ "$program" != "$1" ] || return 0
    done
    return 1
}

# Sets `python`, as need_python does.
need_keras() {
    need_python PEERS_KERAS_PYTHON peers-keras "$peers/requirements-keras.txt" \
        'import os; os.environ["KERAS_BACKEND"] = "tensorflow"
import keras, numpy, tensorflow; print(keras.__version__, tensorflow.__version__)'
    need_versions "$peers/requirements-keras.txt" keras tensorflow-cpu
}

need_pytorch() {
    need_python PEERS_PYTORCH_PYTHON peers-pytorch "$peers/requirements-pytorch.txt" \
        'import numpy, torch; print(torch.__version__.split("+")[0])'
    need_versions "$peers/requirements-pytorch.txt" torch
}

# Fails unless `found`, which need_python has left, is what REQUIREMENTS pins of these packages.
need_versions() { # REQUIREMENTS PACKAGE...
    local requirements=$1 package versions=
    shift
    for package in "$@"; do
        versions+="${versions:+ }$(sed -n "s/^$package==//p" "$requirements")"
    done
    [ "$found" = "$versions" ] || fail 3 "$python has $* $found; the comparison needs $versions"
}

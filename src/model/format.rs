//! The model file, and every check before one is used.
//!
//! One safetensors file with the tensors
//!
//! | name | type | shape |
//! |---|---|---|
//! | `text.intercept` | I16 | 2 |
//! | `text.bins` | I16 | number of bins, 2 |
//! | `text.bag` | I16 | 2^bits, 2 |
//! | `context.cells` | I16 | number of cells, 2 |
//! | `context.calibration` | F64 | 2: slope and offset |
//!
//! and one metadata key, `despam`, whose value is JSON: `format_version`,
//! `feature_version`, the SHA-256 of tensors and metadata, a hash of what the
//! cells are, the tokenizer, the operating points, the self-test and the card. One
//! key only, because several would be written in random order. Files that do not
//! fit are refused, never guessed at; nothing in a file is executed.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::card::Card;
use super::context::{Calibration, ContextModel};
use super::surroundings::{CELL_COUNT, definition};
use super::text::{TextModel, WeightPair};
use super::{Model, ModelParts, OperatingPoint, SelfTest};
use crate::features::{BIN_COUNT, FEATURE_VERSION};

/// Version of the file's layout.
pub const FORMAT_VERSION: u32 = 2;

/// Largest file that is looked at.
pub const MAX_BYTES: u64 = 64 << 20;

const KEY: &str = "despam";

/// Why a model file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file is larger than any model.
    #[error("not a despam model: {0} bytes is more than any model has")]
    TooLarge(u64),
    /// Not a safetensors file, or a damaged one.
    #[error("not a despam model: not a well-formed safetensors file ({0})")]
    Container(String),
    /// A safetensors file of something else.
    #[error("not a despam model: no \"despam\" metadata")]
    NotDespam,
    /// The metadata are not what this version writes.
    #[error("damaged model: its metadata cannot be read ({0})")]
    Metadata(String),
    /// Written by another version of the layout.
    #[error(
        "model format version {found} is not supported (this is version {FORMAT_VERSION}): \
         use a newer despam, or train the model again"
    )]
    FormatVersion {
        /// The version that the file names.
        found: u32,
    },
    /// Trained on other features.
    #[error(
        "the model was trained with feature version {found}, this despam has {FEATURE_VERSION}: \
         use the despam that trained it, or train the model again"
    )]
    FeatureVersion {
        /// The version that the file names.
        found: u32,
    },
    /// A tensor is missing, or of the wrong type or shape.
    #[error("damaged model: tensor {name}: {cause}")]
    Tensor {
        /// The tensor's name.
        name: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// The tensors are not the ones that were written.
    #[error("damaged model: its checksum does not match")]
    Checksum,
    /// The tokenizer cannot be built.
    #[error("damaged model: {0}")]
    Tokenizer(String),
    /// A value is out of its range.
    #[error("damaged model: {0}")]
    Content(String),
}

#[derive(Serialize, Deserialize)]
struct Versions {
    format_version: u32,
    feature_version: u32,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    format_version: u32,
    feature_version: u32,
    sha256: String,
    cells_sha256: String,
    points: Vec<OperatingPoint>,
    card: Card,
    self_test: Vec<SelfTest>,
    tokenizer: serde_json::Value,
}

impl Model {
    /// Reads and checks a model file.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        // Not all files know their length: a device may be endless.
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(ModelError::TooLarge(length.max(bytes.len() as u64)));
        }
        Model::from_bytes(&bytes)
    }

    /// Reads and checks a model from the bytes of its file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        let container =
            |error: safetensors::SafeTensorError| ModelError::Container(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(container)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
        let metadata =
            header.metadata().as_ref().and_then(|map| map.get(KEY)).ok_or(ModelError::NotDespam)?;
        let unreadable = |error: serde_json::Error| ModelError::Metadata(error.to_string());
        let versions: Versions = serde_json::from_str(metadata).map_err(unreadable)?;
        if versions.format_version != FORMAT_VERSION {
            return Err(ModelError::FormatVersion { found: versions.format_version });
        }
        if versions.feature_version != FEATURE_VERSION {
            return Err(ModelError::FeatureVersion { found: versions.feature_version });
        }
        let mut metadata: Metadata = serde_json::from_str(metadata).map_err(unreadable)?;
        let found = Tensors::read(&tensors)?;
        let sha256 = std::mem::take(&mut metadata.sha256);
        if found.sha256(&metadata)? != sha256 {
            return Err(ModelError::Checksum);
        }
        Model::from_parts(found.into_parts(metadata)?)
    }

    /// SHA-256 of the model, in hexadecimal: the one that its file has.
    pub fn sha256(&self) -> Result<String, ModelError> {
        Ok(self.metadata(&Tensors::of(self))?.sha256)
    }

    /// The bytes of the model's file; the same model has the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let tensors = Tensors::of(self);
        let metadata = serde_json::to_string(&self.metadata(&tensors)?)
            .map_err(|error| ModelError::Metadata(error.to_string()))?;
        let views = tensors.views()?;
        let header = HashMap::from([(KEY.to_owned(), metadata)]);
        safetensors::serialize(views, Some(header))
            .map_err(|error| ModelError::Container(error.to_string()))
    }

    fn metadata(&self, tensors: &Tensors) -> Result<Metadata, ModelError> {
        let tokenizer = serde_json::from_str(&self.tokenizer_json)
            .map_err(|error| ModelError::Tokenizer(error.to_string()))?;
        let mut metadata = Metadata {
            format_version: FORMAT_VERSION,
            feature_version: FEATURE_VERSION,
            sha256: String::new(),
            cells_sha256: cells_sha256(),
            points: self.points.clone(),
            card: self.card.clone(),
            self_test: self.self_test.clone(),
            tokenizer,
        };
        metadata.sha256 = tensors.sha256(&metadata)?;
        Ok(metadata)
    }
}

/// A hash of what the cells are: weights mean nothing for others.
fn cells_sha256() -> String {
    hex(&Sha256::digest(definition()))
}

const INTERCEPT: &str = "text.intercept";
const BINS: &str = "text.bins";
const BAG: &str = "text.bag";
const CELLS: &str = "context.cells";
const CALIBRATION: &str = "context.calibration";

/// The tensors as little-endian bytes with their shapes, in the order of the table.
struct Tensors {
    intercept: Vec<u8>,
    bins: Vec<u8>,
    bag: Vec<u8>,
    cells: Vec<u8>,
    calibration: Vec<u8>,
}

impl Tensors {
    fn of(model: &Model) -> Self {
        let pairs = |pairs: &[WeightPair]| -> Vec<u8> {
            pairs.iter().flatten().flat_map(|weight| weight.to_le_bytes()).collect()
        };
        let Calibration { slope, offset } = model.context.calibration();
        Tensors {
            intercept: pairs(&[model.text.intercept()]),
            bins: pairs(model.text.bins()),
            bag: pairs(model.text.bag()),
            cells: pairs(model.context.cells()),
            calibration: [slope, offset].iter().flat_map(|number| number.to_le_bytes()).collect(),
        }
    }

    fn read(file: &SafeTensors<'_>) -> Result<Self, ModelError> {
        let read = |name: &'static str, dtype: Dtype, shape: &[Option<usize>]| {
            let wrong = |cause: String| ModelError::Tensor { name, cause };
            let view = file.tensor(name).map_err(|_| wrong("missing".to_owned()))?;
            let fits = view.shape().len() == shape.len()
                && view
                    .shape()
                    .iter()
                    .zip(shape)
                    .all(|(found, wanted)| wanted.is_none_or(|w| w == *found));
            if view.dtype() != dtype || !fits {
                return Err(wrong(format!("is {:?} of shape {:?}", view.dtype(), view.shape())));
            }
            Ok(view.data().to_vec())
        };
        Ok(Tensors {
            intercept: read(INTERCEPT, Dtype::I16, &[Some(2)])?,
            bins: read(BINS, Dtype::I16, &[Some(BIN_COUNT), Some(2)])?,
            bag: read(BAG, Dtype::I16, &[None, Some(2)])?,
            cells: read(CELLS, Dtype::I16, &[Some(CELL_COUNT), Some(2)])?,
            calibration: read(CALIBRATION, Dtype::F64, &[Some(2)])?,
        })
    }

    fn in_order(&self) -> [(&'static str, Dtype, Vec<usize>, &[u8]); 5] {
        let pairs = |bytes: &[u8]| vec![bytes.len() / 4, 2];
        [
            (INTERCEPT, Dtype::I16, vec![2], &self.intercept),
            (BINS, Dtype::I16, pairs(&self.bins), &self.bins),
            (BAG, Dtype::I16, pairs(&self.bag), &self.bag),
            (CELLS, Dtype::I16, pairs(&self.cells), &self.cells),
            (CALIBRATION, Dtype::F64, vec![2], &self.calibration),
        ]
    }

    fn views(&self) -> Result<Vec<(&'static str, TensorView<'_>)>, ModelError> {
        self.in_order()
            .into_iter()
            .map(|(name, dtype, shape, bytes)| {
                let view = TensorView::new(dtype, shape, bytes);
                view.map(|view| (name, view))
                    .map_err(|error| ModelError::Container(error.to_string()))
            })
            .collect()
    }

    /// The checksum of the tensors and of the metadata, its own field left empty.
    fn sha256(&self, metadata: &Metadata) -> Result<String, ModelError> {
        let unwritable = |error: serde_json::Error| ModelError::Metadata(error.to_string());
        let mut hash = Sha256::new();
        hash.update(serde_json::to_string(metadata).map_err(unwritable)?);
        for (name, _, shape, bytes) in self.in_order() {
            hash.update(format!("{name}{shape:?}"));
            hash.update(bytes);
        }
        Ok(hex(&hash.finalize()))
    }

    fn into_parts(self, metadata: Metadata) -> Result<ModelParts, ModelError> {
        let text = TextModel::new(
            pairs(&self.intercept).next().unwrap_or_default(),
            pairs(&self.bins).collect(),
            pairs(&self.bag).collect(),
        );
        let text = text.ok_or_else(|| ModelError::Tensor {
            name: BAG,
            cause: format!("{} rows is not a power of two in range", self.bag.len() / 4),
        })?;
        if metadata.cells_sha256 != cells_sha256() {
            let cause = "the cells of its last stage are not this version's";
            return Err(ModelError::Content(cause.to_owned()));
        }
        let mut numbers = self.calibration.as_chunks().0.iter().copied().map(f64::from_le_bytes);
        let mut number = || numbers.next().unwrap_or(f64::NAN);
        let calibration = Calibration { slope: number(), offset: number() };
        let context = ContextModel::new(pairs(&self.cells).collect(), calibration);
        let context = context.ok_or_else(|| ModelError::Tensor {
            name: CELLS,
            cause: format!("{} rows for {CELL_COUNT} cells", self.cells.len() / 4),
        })?;
        Ok(ModelParts {
            tokenizer_json: metadata.tokenizer.to_string(),
            text,
            context,
            points: metadata.points,
            self_test: metadata.self_test,
            card: metadata.card,
        })
    }
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = WeightPair> {
    let weight = |two: &[u8]| i16::from_le_bytes([two[0], two[1]]);
    bytes.chunks_exact(4).map(move |four| [weight(&four[..2]), weight(&four[2..])])
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
